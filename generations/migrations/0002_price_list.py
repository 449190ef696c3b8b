from django.db import migrations

from generations.credits.defaults import seed_price_list


def seed(apps, schema_editor):
    seed_price_list(apps.get_model("generations", "PriceRow"), apps.get_model("generations", "OfferedModel"))


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_the_ground_floor")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
