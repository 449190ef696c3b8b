import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Require the shot of a generation and the take of a completed one; remove what takes have replaced."""

    dependencies = [("generations", "0008_library_fill")]

    operations = [
        migrations.AlterField(
            "generation",
            "shot",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="generations", to="generations.shot"
            ),
        ),
        migrations.RemoveConstraint("generation", "generation_completed_has_video"),
        migrations.AddConstraint(
            "generation",
            models.CheckConstraint(
                condition=~Q(state="completed") | Q(take__isnull=False), name="generation_completed_has_take"
            ),
        ),
        migrations.RemoveIndex("generation", "generation_gallery"),
        migrations.RemoveIndex("generation", "generation_video"),
        migrations.RemoveIndex("generation", "generation_poster"),
        migrations.RemoveField("generation", "video"),
        migrations.RemoveField("generation", "poster"),
        migrations.RemoveConstraint("decision", "decision_once_a_person"),
        migrations.RemoveField("decision", "generation"),
        migrations.AlterField(
            "decision",
            "take",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="generations.take"
            ),
        ),
        migrations.AddConstraint(
            "decision", models.UniqueConstraint(fields=["take", "user"], name="decision_once_a_member")
        ),
    ]
