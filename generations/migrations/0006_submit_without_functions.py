"""Drop the functions of the former submit statement: holds are placed and quotas counted by ordinary queries."""

from importlib import import_module

from django.db import migrations

tables = import_module("generations.migrations.0001_tables")


class Migration(migrations.Migration):
    dependencies = [("generations", "0005_events_plain_names")]

    operations = [
        migrations.RunSQL("DROP FUNCTION IF EXISTS generations_place_hold", tables.PLACE_HOLD),
        migrations.RunSQL("DROP FUNCTION IF EXISTS generations_jobs_at_once", tables.JOBS_AT_ONCE),
        migrations.RunSQL("DROP FUNCTION IF EXISTS generations_quota_use", tables.QUOTA_USE),
    ]
