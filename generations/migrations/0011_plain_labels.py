from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels and help texts in plain English. The tables do not change."""

    dependencies = [
        ("generations", "0010_credits_labels"),
    ]

    operations = [
        migrations.AlterField(
            model_name="asset",
            name="kind",
            field=models.CharField(
                choices=[("still", "Image"), ("video", "Video"), ("poster", "Poster")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="asset",
            name="name",
            field=models.CharField(help_text="Storage key, made from the content.", max_length=200),
        ),
        migrations.AlterField(
            model_name="asset",
            name="placeholder",
            field=models.TextField(
                blank=True, help_text="A few pixels as a data URI, shown until the image is loaded."
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="bill",
            field=models.CharField(
                choices=[("none", "No"), ("possible", "Possibly"), ("due", "Yes")],
                default="none",
                help_text="Does the provider bill this attempt?",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="request",
            field=models.JSONField(help_text="The body as sent, so that a repeated POST sends the same body."),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="status",
            field=models.PositiveSmallIntegerField(
                help_text="HTTP status of the response, if there was one.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="verdict",
            field=models.CharField(choices=[("approved", "Approved"), ("changes", "Changes requested")], max_length=10),
        ),
        migrations.AlterField(
            model_name="generation",
            name="credits_per_second",
            field=models.PositiveIntegerField(help_text="From the price row that was valid at submit."),
        ),
        migrations.AlterField(
            model_name="generation",
            name="duration",
            field=models.PositiveSmallIntegerField(
                help_text="Seconds. Empty: the model chooses the duration.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="failures",
            field=models.PositiveIntegerField(default=0, help_text="Consecutive failed tries of the current step."),
        ),
        migrations.AlterField(
            model_name="generation",
            name="is_late",
            field=models.BooleanField(default=False, help_text="Completed after its credits were refunded."),
        ),
        migrations.AlterField(
            model_name="generation",
            name="losses",
            field=models.PositiveIntegerField(default=0, help_text="Worker crashes in a row on this job."),
        ),
        migrations.AlterField(
            model_name="generation",
            name="prioritized_at",
            field=models.DateTimeField(blank=True, help_text="Staff moved it to the front of the queue.", null=True),
        ),
        migrations.AlterField(
            model_name="generation",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("submitting", "Submitting"),
                    ("unconfirmed", "Checking status (not charged)"),
                    ("parked", "Paused: provider account problem"),
                    ("processing", "Generating"),
                    ("saving", "Saving"),
                    ("completed", "Ready"),
                    ("failed", "Failed"),
                    ("canceled", "Canceled"),
                ],
                default="queued",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="providerthrottle",
            name="circuit",
            field=models.CharField(
                choices=[("closed", "Working"), ("open", "Account refused")], default="closed", max_length=6
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="expires_at",
            field=models.DateTimeField(help_text="Of the URL for the PUT."),
        ),
    ]
