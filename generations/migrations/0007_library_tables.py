import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import generations.common.ids

ID = models.UUIDField(default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False)
NOW = django.db.models.functions.datetime.Now()


def reference(to, **options):
    return models.ForeignKey(to=to, on_delete=options.pop("on_delete", django.db.models.deletion.PROTECT), **options)


class Migration(migrations.Migration):
    """Add shots and takes, and the columns that refer to them, still empty."""

    dependencies = [("generations", "0006_submit_without_functions")]

    operations = [
        migrations.CreateModel(
            name="Shot",
            fields=[
                ("id", ID),
                ("team", reference("generations.team", db_index=False, related_name="shots")),
                (
                    "project",
                    reference(
                        "generations.project",
                        on_delete=django.db.models.deletion.SET_NULL,
                        blank=True,
                        null=True,
                        related_name="shots",
                    ),
                ),
                ("first_frame", reference("generations.asset", related_name="+")),
                ("title", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True)),
                (
                    "last_take_number",
                    models.PositiveIntegerField(default=0, help_text="The highest number given to a take so far."),
                ),
                ("created_at", models.DateTimeField(db_default=NOW)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "project", "first_frame"), name="shot_once_a_first_frame", nulls_distinct=False
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Take",
            fields=[
                ("id", ID),
                ("team", reference("generations.team", db_index=False, related_name="takes")),
                ("shot", reference("generations.shot", db_index=False, related_name="takes")),
                (
                    "project",
                    reference(
                        "generations.project",
                        on_delete=django.db.models.deletion.SET_NULL,
                        blank=True,
                        null=True,
                        db_index=False,
                        related_name="takes",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("author", reference(settings.AUTH_USER_MODEL, db_index=False, related_name="takes")),
                (
                    "api_key",
                    reference("generations.apikey", blank=True, null=True, db_index=False, related_name="takes"),
                ),
                ("prompt", models.TextField()),
                ("model", models.CharField(max_length=40)),
                ("resolution", models.CharField(max_length=9)),
                ("seconds", models.PositiveSmallIntegerField(help_text="Duration. A begun second counts whole.")),
                ("fps", models.PositiveSmallIntegerField()),
                ("camera_motion", models.CharField(blank=True, max_length=20)),
                ("has_audio", models.BooleanField()),
                ("price", models.BigIntegerField(help_text="Credits that were charged for it.")),
                (
                    "is_preview",
                    models.BooleanField(
                        default=False, help_text="Rendered by the local engine, without a generative model."
                    ),
                ),
                (
                    "is_late",
                    models.BooleanField(default=False, help_text="Completed after its credits were refunded."),
                ),
                ("video", reference("generations.asset", related_name="takes")),
                ("poster", reference("generations.asset", related_name="+")),
                ("last_frame", reference("generations.asset", blank=True, null=True, db_index=False, related_name="+")),
                (
                    "review_state",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not reviewed"), ("approved", "Approved"), ("changes", "Changes requested")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("open_note_count", models.PositiveIntegerField(default=0)),
                ("rating", models.PositiveSmallIntegerField(default=0)),
                ("is_pick", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=NOW, help_text="When the job was submitted.")),
                ("finished_at", models.DateTimeField(db_default=NOW)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["team", "-created_at", "-id"], name="take_of_team"),
                    models.Index(
                        fields=["project", "-created_at", "-id"],
                        condition=Q(project__isnull=False),
                        name="take_of_project",
                    ),
                    models.Index(fields=["last_frame"], condition=Q(last_frame__isnull=False), name="take_last_frame"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("shot", "number"), name="take_number_once"),
                    models.CheckConstraint(condition=Q(number__gte=1), name="take_number_from_one"),
                    models.CheckConstraint(condition=Q(price__gte=0), name="take_price_not_negative"),
                    models.CheckConstraint(
                        condition=Q(review_state__in=["", "approved", "changes"]), name="take_review_state_known"
                    ),
                ],
            },
        ),
        # A generation keeps its relation to the video until the takes are filled; only the name of the reverse goes.
        migrations.AlterField(
            "generation",
            "video",
            reference("generations.asset", blank=True, null=True, db_index=False, related_name="+"),
        ),
        migrations.AddField("generation", "shot", reference("generations.shot", null=True, related_name="generations")),
        migrations.AddField(
            "generation",
            "take",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="generation",
                to="generations.take",
            ),
        ),
        migrations.AddField(
            "decision",
            "take",
            reference(
                "generations.take",
                on_delete=django.db.models.deletion.CASCADE,
                null=True,
                related_name="decisions",
            ),
        ),
    ]
