"""Change labels and help texts of the credits. The database does not change."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('generations', '0009_library_tighten'),
    ]

    operations = [
        migrations.AlterField(
            model_name='creditrequest',
            name='state',
            field=models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='pending', max_length=10),
        ),
        migrations.AlterField(
            model_name='creditrequest',
            name='target',
            field=models.CharField(choices=[('quota', 'Personal limit'), ('wallet', 'Team credits')], max_length=6),
        ),
        migrations.AlterField(
            model_name='hold',
            name='reference',
            field=models.UUIDField(help_text='Id of the job that the credits are reserved for.', unique=True),
        ),
        migrations.AlterField(
            model_name='hold',
            name='state',
            field=models.CharField(choices=[('pending', 'Reserved'), ('captured', 'Charged'), ('released', 'Refunded'), ('expired', 'Expired')], default='pending', max_length=10),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='expires_at',
            field=models.DateTimeField(help_text='Expiry of the added credits.', null=True),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('grant', 'Grant'), ('correction', 'Correction'), ('transfer', 'Transfer'), ('expiry', 'Expired'), ('hold', 'Reserved'), ('capture', 'Charged'), ('release', 'Refunded')], max_length=10),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='lot',
            field=models.ForeignKey(db_index=False, help_text='Lot that expired.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='generations.lot'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='transfer',
            field=models.UUIDField(help_text='Id shared by all entries of a transfer.', null=True),
        ),
        migrations.AlterField(
            model_name='quota',
            name='is_uncapped',
            field=models.BooleanField(default=False, help_text='Unlimited; overrides inherited limits.'),
        ),
        migrations.AlterField(
            model_name='refillrule',
            name='does_expire',
            field=models.BooleanField(default=False, help_text='Credits left from it expire at the next refill.'),
        ),
        migrations.AlterField(
            model_name='refillrule',
            name='mode',
            field=models.CharField(choices=[('add', 'Add this amount'), ('top_up', 'Top up to this amount')], default='top_up', max_length=6),
        ),
    ]
