"""The price list and the models on offer, as site staff change them. A change of price is a new row from a day on."""

from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from generations.accounts.models import User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.contract.support import SUPPORT
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import OfferedModel, PriceRow

HIGHEST = 1_000_000


class BadPriceError(DailiesError):
    """The model, the size, the price or the day will not do."""

    status = 422
    code = "invalid"


def price_versions() -> QuerySet[PriceRow]:
    """Every row there has been and will be, the newest of each model and size first."""
    return PriceRow.objects.order_by("model", "tier", "-valid_from", "-id")


@transaction.atomic
def set_price(*, model: str, tier: str, credits_per_second: int, valid_from: date, actor: User) -> PriceRow:
    """From the day on jobs cost so much. Of a day that has not begun, the row is replaced. Raises BadPriceError."""
    today = database_now().date()
    if model not in SUPPORT.models or tier not in SUPPORT.tiers:
        raise BadPriceError("There is no such model, or it does not come at this size.")
    if not 1 <= credits_per_second <= HIGHEST:
        raise BadPriceError(f"A price is between 1 and {HIGHEST:,} credits a second.")
    if valid_from <= today:
        raise BadPriceError("A price begins tomorrow at the earliest: jobs of today were quoted by the old one.")
    row, _ = PriceRow.objects.update_or_create(
        model=model, tier=tier, valid_from=valid_from, defaults={"credits_per_second": credits_per_second}
    )
    _record(EventKind.PRICE_SET, row, actor)
    return row


@transaction.atomic
def withdraw_price(*, row_id: int, actor: User) -> None:
    """Take back a price whose day has not begun. Raises NotFoundError."""
    row = PriceRow.objects.filter(pk=row_id, valid_from__gt=database_now().date()).first()
    if row is None:
        raise NotFoundError("This price is gone, or it holds already.")
    _record(EventKind.PRICE_WITHDRAWN, row, actor)
    row.delete()


@transaction.atomic
def switch_model(*, model: str, is_on: bool, actor: User) -> None:
    """Put a model on offer everywhere, or take it off. Jobs under way go on. Raises NotFoundError."""
    if not OfferedModel.objects.filter(model=model).update(is_on=is_on):
        raise NotFoundError
    kind = EventKind.MODEL_SWITCHED_ON if is_on else EventKind.MODEL_SWITCHED_OFF
    record_audit(kind, team_id=None, actor_id=actor.pk, name=model)


def _record(kind: EventKind, row: PriceRow, actor: User) -> None:
    after = {"credits_per_second": row.credits_per_second, "valid_from": row.valid_from.isoformat()}
    record_audit(kind, team_id=None, actor_id=actor.pk, name=f"{row.model} {row.tier}", after=after)
