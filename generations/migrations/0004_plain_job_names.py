from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Rename tables and columns of the jobs to standard terms. No data changes."""

    dependencies = [("generations", "0003_sealed_webhook_secrets")]

    operations = [
        migrations.RenameModel("Gate", "ProviderThrottle"),
        migrations.RenameModel("Turn", "QueueShare"),
        migrations.RenameField("attempt", "answered_at", "responded_at"),
        migrations.RemoveIndex("generation", "generation_lifted"),
        migrations.RenameField("generation", "lifted_at", "prioritized_at"),
        migrations.AddIndex(
            "generation",
            models.Index(
                condition=Q(state="queued", prioritized_at__isnull=False),
                fields=["prioritized_at"],
                name="generation_prioritized",
            ),
        ),
        migrations.RemoveConstraint("providerthrottle", "gate_lets_one_through"),
        migrations.RemoveConstraint("providerthrottle", "gate_circuit_known"),
        migrations.AddConstraint(
            "providerthrottle", models.CheckConstraint(condition=Q(concurrency__gte=1), name="throttle_allows_one")
        ),
        migrations.AddConstraint(
            "providerthrottle",
            models.CheckConstraint(condition=Q(circuit__in=["closed", "open"]), name="throttle_circuit_known"),
        ),
        migrations.RemoveConstraint("queueshare", "turn_once_a_member"),
        migrations.AddConstraint(
            "queueshare", models.UniqueConstraint(fields=["team", "user"], name="queueshare_once_a_member")
        ),
    ]
