"""Prices and models on offer. Form, quote, hold, receipt and report all use the one price function.

Site staff change prices: a change is a new row that is valid from a day on. Rows that are valid stay, because jobs were
quoted by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now, TruncDate

from generations.accounts.models import User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.contract.support import SUPPORT, credits_per_second
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import OfferedModel, PriceRow

MAX_CREDITS_PER_SECOND = 1_000_000
# The form lists the models of a new installation in this order. Retired models are known but switched off.
DEFAULT_MODEL_ORDER = ("ltx-2-5-fast", "ltx-2-5-pro", "ltx-2-3-fast", "ltx-2-3-pro", "ltx-2-fast", "ltx-2-pro")
# Earlier than every job, so that a price is valid on the day of the first submit.
DEFAULT_VALID_FROM = date(2026, 1, 1)


class NoPriceError(DailiesError):
    """No price is valid for this model at this resolution, so no credits can be held."""

    status = 422
    code = "invalid"

    def __init__(self, model: str, resolution: str) -> None:
        super().__init__(f"No price is set for {model} at {resolution}. Choose another.")


class BadPriceError(DailiesError):
    """The model, the resolution, the price or the day is not valid."""

    status = 422
    code = "invalid"


@dataclass(frozen=True)
class Price:
    """Credits for the whole video, and for one second of it."""

    credits: int
    credits_per_second: int


@dataclass(frozen=True)
class PriceList:
    """The rows valid today, by model and tier, in credits per second, and the models among them that are on offer."""

    rates: Mapping[tuple[str, str], int]
    offered: frozenset[str]

    def price(self, *, model: str, resolution: str, duration: int) -> Price:
        """Return the price of `duration` seconds. Raises NoPriceError."""
        try:
            rate = self.rates[model, SUPPORT.tier(resolution)]
        except KeyError:
            raise NoPriceError(model, resolution) from None
        return Price(credits=rate * duration, credits_per_second=rate)


def current_price_list() -> PriceList:
    """Read the price list in one query."""
    today = TruncDate(Now())
    is_offered = Exists(OfferedModel.objects.filter(model=OuterRef("model"), is_on=True))
    valid = PriceRow.objects.valid_on(today)  # type: ignore[arg-type] # the database's day, not this process's
    rows = valid.annotate(is_offered=is_offered).values_list("model", "tier", "credits_per_second", "is_offered")
    rates, offered = {}, set()
    for model, tier, rate, is_on in rows:
        rates[model, tier] = rate
        if is_on:
            offered.add(model)
    return PriceList(rates, frozenset(offered))


def quote(*, model: str, resolution: str, duration: int) -> Price:
    return current_price_list().price(model=model, resolution=resolution, duration=duration)


def offered_models() -> list[str]:
    """Return the ids of the models that are switched on, in the order that site staff have set."""
    on = OfferedModel.objects.filter(is_on=True).values_list("model", flat=True)
    return [model for model in on if model in SUPPORT.models]


def price_versions() -> QuerySet[PriceRow]:
    """Return all past, current and future rows, the newest of each model and tier first."""
    return PriceRow.objects.order_by("model", "tier", "-valid_from", "-id")


@transaction.atomic
def set_price(*, model: str, tier: str, credits_per_second: int, valid_from: date, actor: User) -> PriceRow:
    """Set the price from a future day on; a price for the same day is replaced. Raises BadPriceError."""
    today = database_now().date()
    if model not in SUPPORT.models or tier not in SUPPORT.tiers:
        raise BadPriceError("This model does not support this resolution.")
    if not 1 <= credits_per_second <= MAX_CREDITS_PER_SECOND:
        raise BadPriceError(f"Enter a price from 1 to {MAX_CREDITS_PER_SECOND:,} credits/second.")
    if valid_from <= today:
        raise BadPriceError("A new price can start tomorrow at the earliest.")
    row, _ = PriceRow.objects.update_or_create(
        model=model, tier=tier, valid_from=valid_from, defaults={"credits_per_second": credits_per_second}
    )
    _record(EventKind.PRICE_SET, row, actor)
    return row


@transaction.atomic
def remove_price(*, row_id: int, actor: User) -> None:
    """Delete a price that is not valid yet. Raises NotFoundError."""
    row = PriceRow.objects.filter(pk=row_id, valid_from__gt=database_now().date()).first()
    if row is None:
        raise NotFoundError("This price no longer exists or is already active.")
    _record(EventKind.PRICE_WITHDRAWN, row, actor)
    row.delete()


@transaction.atomic
def switch_model(*, model: str, is_on: bool, actor: User) -> None:
    """Switch a model on or off for all teams. Jobs in progress continue. Raises NotFoundError."""
    if not OfferedModel.objects.filter(model=model).update(is_on=is_on):
        raise NotFoundError
    kind = EventKind.MODEL_SWITCHED_ON if is_on else EventKind.MODEL_SWITCHED_OFF
    record_audit(kind, team_id=None, actor_id=actor.pk, name=model)


def seed_price_list(price_row: Any, offered_model: Any) -> None:
    """Insert the prices and models of the contract. In a migration the arguments are the historical model classes."""
    price_row.objects.bulk_create(
        price_row(model=name, tier=tier, credits_per_second=credits_per_second(usd), valid_from=DEFAULT_VALID_FROM)
        for name, model in SUPPORT.models.items()
        for tier, usd in model.usd_per_second.items()
    )
    offered_model.objects.bulk_create(
        offered_model(model=name, is_on=not SUPPORT.models[name].is_retired, position=position)
        for position, name in enumerate(DEFAULT_MODEL_ORDER)
    )


def _record(kind: EventKind, row: PriceRow, actor: User) -> None:
    after = {"credits_per_second": row.credits_per_second, "valid_from": row.valid_from.isoformat()}
    record_audit(kind, team_id=None, actor_id=actor.pk, name=f"{row.model} {row.tier}", after=after)
