import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename tables, columns and indexes of the events to standard terms. No data changes."""

    dependencies = [("generations", "0004_plain_job_names")]

    operations = [
        migrations.RenameModel("Notice", "Notification"),
        migrations.RenameIndex("notification", new_name="notification_of_user", old_name="notice_of_user"),
        migrations.RenameIndex("notification", new_name="notification_unread", old_name="notice_unread"),
        migrations.RenameModel("WebhookTry", "DeliveryAttempt"),
        migrations.RenameField("deliveryattempt", "answer", "response"),
        migrations.RemoveIndex("webhookdelivery", "delivery_due"),
        migrations.RenameField("webhookdelivery", "tries", "attempt_count"),
        migrations.RenameField("webhookdelivery", "next_try_at", "next_attempt_at"),
        migrations.RenameField("webhookdelivery", "settled_at", "finished_at"),
        migrations.RenameField("webhookendpoint", "sealed_secret", "encrypted_secret"),
        migrations.RenameField("webhookendpoint", "sealed_old_secret", "encrypted_old_secret"),
        migrations.AddIndex(
            "webhookdelivery",
            models.Index(condition=models.Q(state="pending"), fields=["next_attempt_at"], name="delivery_due"),
        ),
        # From here on only names and labels in Python change, nothing in the database.
        migrations.AlterModelOptions("deliveryattempt", options={"ordering": ["-id"]}),
        migrations.AlterField(
            "deliveryattempt",
            "delivery",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attempts",
                to="generations.webhookdelivery",
            ),
        ),
        migrations.AlterField(
            "deliveryattempt",
            "response",
            models.CharField(blank=True, help_text="The beginning of the response body.", max_length=500),
        ),
        migrations.AlterField(
            "event", "address", models.GenericIPAddressField(help_text="The IP address of the actor.", null=True)
        ),
        migrations.AlterField(
            "event",
            "is_audit",
            models.BooleanField(
                default=False, help_text="An administrative act, with the values before and after."
            ),
        ),
        migrations.AlterField(
            "notification",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "webhookdelivery", "payload", models.JSONField(help_text="The body that every attempt sends.")
        ),
        migrations.AlterField(
            "webhookdelivery",
            "state",
            models.CharField(
                choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                default="pending",
                max_length=10,
            ),
        ),
    ]
