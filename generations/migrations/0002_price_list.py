"""Seed the price list and the models on offer from the contract's data. Retired models are known but off."""

from datetime import date

from django.db import migrations

from generations.contract.prices import credits_per_second
from generations.contract.support import SUPPORT

# The form lists the models in this order.
ORDER = ("ltx-2-5-fast", "ltx-2-5-pro", "ltx-2-3-fast", "ltx-2-3-pro", "ltx-2-fast", "ltx-2-pro")
# Before any job: a price must be valid whatever the day of the first submit.
FIRST_DAY = date(2026, 1, 1)


def seed(apps, schema_editor):
    PriceRow = apps.get_model("generations", "PriceRow")
    OfferedModel = apps.get_model("generations", "OfferedModel")
    PriceRow.objects.bulk_create(
        PriceRow(model=name, tier=tier, credits_per_second=credits_per_second(usd), valid_from=FIRST_DAY)
        for name, model in SUPPORT.models.items()
        for tier, usd in model.usd_per_second.items()
    )
    OfferedModel.objects.bulk_create(
        OfferedModel(model=name, is_on=not SUPPORT.models[name].is_retired, position=position)
        for position, name in enumerate(ORDER)
    )


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_the_ground_floor")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
