from django.db import migrations, models

from generations.common.encryption import decrypt, encrypt

PURPOSE = "webhooks"


def seal(apps, schema_editor):
    _each(apps, encrypt)


def unseal(apps, schema_editor):
    _each(apps, decrypt)


def _each(apps, change):
    for endpoint in apps.get_model("generations", "WebhookEndpoint").objects.all():
        endpoint.sealed_secret = change(endpoint.sealed_secret, purpose=PURPOSE)
        if endpoint.sealed_old_secret:
            endpoint.sealed_old_secret = change(endpoint.sealed_old_secret, purpose=PURPOSE)
        endpoint.save(update_fields=["sealed_secret", "sealed_old_secret"])


class Migration(migrations.Migration):
    """A copy of the database alone no longer tells what signs webhooks."""

    dependencies = [("generations", "0002_indexes")]

    operations = [
        migrations.RenameField("webhookendpoint", "secret", "sealed_secret"),
        migrations.RenameField("webhookendpoint", "old_secret", "sealed_old_secret"),
        migrations.AlterField("webhookendpoint", "sealed_secret", models.TextField()),
        migrations.AlterField("webhookendpoint", "sealed_old_secret", models.TextField(blank=True)),
        migrations.RunPython(seal, unseal),
    ]
