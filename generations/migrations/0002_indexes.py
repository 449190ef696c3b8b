import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_tables")]

    operations = [
        migrations.RemoveConstraint("generation", "generation_submitted_once"),
        migrations.AddConstraint(
            "generation",
            models.UniqueConstraint(fields=["idempotency_key", "author", "team"], name="generation_submitted_once"),
        ),
        migrations.RemoveIndex(model_name="hold", name="hold_pending"),
        migrations.AlterField(
            model_name="event",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.team",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="api_key",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="generations",
                to="generations.apikey",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="author",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="generations",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="last_frame",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.asset",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="poster",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.asset",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="project",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="generations",
                to="generations.project",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="retry_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retries",
                to="generations.generation",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="generations",
                to="generations.team",
            ),
        ),
        migrations.AlterField(
            model_name="generation",
            name="video",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="takes",
                to="generations.asset",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="api_key",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.apikey",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="generations.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="lot",
            field=models.ForeignKey(
                db_index=False,
                help_text="What expired.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.lot",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="generations.wallet",
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("api_key__isnull", False)), fields=["api_key"], name="generation_api_key"
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("project__isnull", False)), fields=["project"], name="generation_project"
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("last_frame__isnull", False)), fields=["last_frame"], name="generation_last_frame"
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("retry_of__isnull", False)), fields=["retry_of"], name="generation_retry_of"
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(condition=models.Q(("video__isnull", False)), fields=["video"], name="generation_video"),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("poster__isnull", False)), fields=["poster"], name="generation_poster"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["wallet", "user"], name="hold_pending"
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(condition=models.Q(("lot__isnull", False)), fields=["lot"], name="entry_of_lot"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("read_at__isnull", True)), fields=["user"], name="notice_unread"),
        ),
    ]
