from django.db import migrations


class Migration(migrations.Migration):
    """What the wallets own already becomes one lot each, without an end."""

    dependencies = [("generations", "0007_teams_and_the_desk")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO generations_lot (wallet_id, amount, remaining) "
            "SELECT w.id, w.posted, w.posted FROM generations_wallet w WHERE w.posted > 0 "
            "AND NOT EXISTS (SELECT FROM generations_lot l WHERE l.wallet_id = w.id)",
            migrations.RunSQL.noop,
        ),
    ]
