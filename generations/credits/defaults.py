"""The price list and the models on offer of a new installation, from the contract's data."""

from datetime import date
from typing import Any

from generations.contract.support import SUPPORT, credits_per_second

# The form lists the models in this order; retired ones are known but off.
ORDER = ("ltx-2-5-fast", "ltx-2-5-pro", "ltx-2-3-fast", "ltx-2-3-pro", "ltx-2-fast", "ltx-2-pro")
# Before any job: a price must be valid whatever the day of the first submit.
FIRST_DAY = date(2026, 1, 1)


def seed_price_list(price_row: Any, offered_model: Any) -> None:
    """Insert the defaults with the given model classes, which in a migration are the historical ones."""
    price_row.objects.bulk_create(
        price_row(model=name, tier=tier, credits_per_second=credits_per_second(usd), valid_from=FIRST_DAY)
        for name, model in SUPPORT.models.items()
        for tier, usd in model.usd_per_second.items()
    )
    offered_model.objects.bulk_create(
        offered_model(model=name, is_on=not SUPPORT.models[name].is_retired, position=position)
        for position, name in enumerate(ORDER)
    )
