from django.db import migrations


class Migration(migrations.Migration):
    """Every quota names its team; until now its membership did."""

    dependencies = [("generations", "0004_public_api")]

    operations = [
        migrations.RunSQL(
            "UPDATE generations_quota q SET team_id = m.team_id FROM generations_membership m "
            "WHERE m.id = q.membership_id AND q.team_id IS NULL",
            migrations.RunSQL.noop,
        ),
    ]
