"""The one price function: form, quote, hold and receipt all ask here."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now, TruncDate

from generations.common.errors import DailiesError
from generations.contract.support import SUPPORT

from .models import OfferedModel, PriceRow


class NoPriceError(DailiesError):
    """There is no price row for this model at this size, so nothing can be held for it."""

    status = 422
    code = "invalid"

    def __init__(self, model: str, resolution: str) -> None:
        super().__init__(f"{model} has no price at {resolution}. Choose another size or model.")


@dataclass(frozen=True)
class Price:
    """Credits for the whole video, and for one second of it."""

    credits: int
    credits_per_second: int


@dataclass(frozen=True)
class PriceList:
    """The rows valid today, by model and tier, in credits a second, and the models among them that are on offer."""

    rates: Mapping[tuple[str, str], int]
    offered: frozenset[str]

    def price(self, *, model: str, resolution: str, duration: int) -> Price:
        """Raise NoPriceError when the model is not priced at that size. `duration` is in seconds."""
        try:
            rate = self.rates[model, SUPPORT.tier(resolution)]
        except KeyError:
            raise NoPriceError(model, resolution) from None
        return Price(credits=rate * duration, credits_per_second=rate)


def current_price_list() -> PriceList:
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
    """Ids of the models that are switched on, in the admin's order."""
    on = OfferedModel.objects.filter(is_on=True).values_list("model", flat=True)
    return [model for model in on if model in SUPPORT.models]
