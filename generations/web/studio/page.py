"""Everything the studio page shows, worked out in one place: options, price, what is left, what would fit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from generations.accounts.models import Membership
from generations.common.errors import DailiesError, NotFoundError
from generations.common.ids import uuid7
from generations.contract.choices import FormChoices, Selection, form_choices
from generations.contract.support import SUPPORT, size_of
from generations.credits.balances import Balance
from generations.credits.errors import Shortage
from generations.credits.prices import NoPriceError, PriceList, current_price_list, offered_models
from generations.jobs.queries import access_generation
from generations.library.models import Project
from generations.media.models import Asset

from .. import formatting
from ..credits.request_panel import RequestPanel
from . import options
from .images import SLOTS, Slot
from .options import FIELD_NAMES, Allowance, Group, number, selection_from


class NothingOfferedError(DailiesError):
    """Every model is switched off."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        super().__init__("No model is on offer at present. Whoever runs this studio can switch one on.")


@dataclass(frozen=True)
class Suggestion:
    """One change of one field that would fit into what is left."""

    field: str
    value: str
    sentence: str


@dataclass(frozen=True)
class StudioPage:
    values: Mapping[str, object]
    slots: tuple[Slot, ...]
    offered: FormChoices
    models: list[str]
    prices: PriceList
    balance: Balance
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    shortage: Shortage | None = None
    projects: Iterable[Project] = ()
    request_panel: RequestPanel | None = None
    blocked_message: str = ""

    @property
    def has_price_increased(self) -> bool:
        """Whether the button that was pressed named a lower price than holds now."""
        quoted = number(self.values.get("quoted"), 0)
        return quoted > 0 and not self.changes and self.price is not None and self.price > quoted

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        found = (*options.groups(self.offered, self.prices), options.motions(str(self.values.get("camera_motion", ""))))
        return tuple(
            replace(
                options.restricted(group, self.allowance),
                errors=tuple(self.errors.get(group.name, ())),
                change=self.changes.get(group.name, ""),
            )
            for group in found
        )

    @property
    def allowance(self) -> Allowance:
        return Allowance(self.balance.limits)

    @cached_property
    def changes(self) -> dict[str, str]:
        return options.describe_changes(self.offered)

    @property
    def image_slots(self) -> tuple[Slot, ...]:
        """The slots with what the chosen size and model say about them."""
        resolution = self.offered.selection.resolution
        reason = formatting.humanize(self.offered.last_frame_reason) if self.offered.last_frame_reason else ""
        return tuple(
            replace(
                slot,
                resolution=resolution,
                reason=reason if slot.is_optional else "",
                error=" ".join(self.errors.get(slot.name, ())),
            )
            for slot in self.slots
        )

    @property
    def error_messages(self) -> list[str]:
        """Every error of the form with the name of its field, for the summary above it."""
        return [
            f"{FIELD_NAMES[name]}: {text}" if name in FIELD_NAMES else text
            for name, found in self.errors.items()
            for text in found
        ]

    @property
    def idempotency_key(self) -> str:
        """The idempotency key of this form: pressing the button twice makes one job."""
        return str(self.values.get("idempotency_key") or uuid7())

    @property
    def has_audio(self) -> bool:
        return bool(self.values.get("generate_audio"))

    @cached_property
    def price(self) -> int | None:
        return _price(self.prices, self.offered.selection)

    @property
    def remaining(self) -> int:
        return self.balance.spendable - (self.price or 0)

    @property
    def has_insufficient_credits(self) -> bool:
        return self.price is not None and self.remaining < 0

    @property
    def is_limited_by_quota(self) -> bool:
        quota = self.balance.quota
        return quota is not None and quota.left < self.balance.available

    @cached_property
    def suggestion(self) -> Suggestion | None:
        """The change that gives up least: fewer seconds, else a smaller size, else another model."""
        return next(self._fitting(), None)

    def _fitting(self) -> Iterator[Suggestion]:
        for name, selection in _alternatives(self.offered, self.models):
            cost = _price(self.prices, selection)
            if cost is None or cost > self.balance.spendable or not self.allowance.fits(selection):
                continue
            if form_choices(selection, models=self.models).adjustments:
                continue
            value = getattr(selection, name)
            yield Suggestion(name, str(value), f"{_changed_value(name, value)}: {formatting.in_credits(cost)}")


def build_page(
    values: Mapping[str, object],
    *,
    stills: Mapping[str, Asset | None],
    balance: Balance,
    projects: Iterable[Project] = (),
    errors: Mapping[str, list[str]] | None = None,
) -> StudioPage:
    """Settle the values of a form into the page. Raises NothingOfferedError when every model is switched off."""
    models = offered_models()
    if not models:
        raise NothingOfferedError
    return StudioPage(
        values=values,
        slots=tuple(Slot(name, stills[name]) for name in SLOTS),
        offered=form_choices(Allowance(balance.limits).settle(selection_from(values, models), models), models=models),
        models=models,
        prices=current_price_list(),
        balance=balance,
        errors=errors or {},
        projects=projects,
    )


def _alternatives(offered: FormChoices, models: list[str]) -> Iterator[tuple[str, Selection]]:
    now = offered.selection
    allowed = [int(choice.value) for choice in offered.durations if choice.is_allowed]
    yield from (("duration", replace(now, duration=s)) for s in sorted(allowed, reverse=True) if s < now.duration)
    smaller = [r for r in SUPPORT.resolutions if _is_smaller(r, now.resolution)]
    yield from (("resolution", replace(now, resolution=r)) for r in sorted(smaller, key=_area, reverse=True))
    yield from (("model", replace(now, model=model)) for model in models if model != now.model)


def _changed_value(name: str, value: str | int) -> str:
    if name == "duration":
        return f"{value} seconds"
    return formatting.model_name(str(value)) if name == "model" else formatting.tier(str(value))


def _price(prices: PriceList, selection: Selection) -> int | None:
    try:
        return prices.price(model=selection.model, resolution=selection.resolution, duration=selection.duration).credits
    except NoPriceError:
        return None


def _is_smaller(resolution: str, than: str) -> bool:
    is_alike = formatting.orientation(resolution) == formatting.orientation(than)
    return is_alike and _area(resolution) < _area(than)


def _area(resolution: str) -> int:
    width, height = size_of(resolution)
    return width * height


_SETTINGS = ("prompt", "model", "resolution", "fps", "duration", "camera_motion", "generate_audio")


def fresh_values(membership: Membership, *, like: str = "") -> dict[str, Any]:
    """Values of the form. `like` is the id of a take of the same team; NotFoundError if it is not there."""
    if not like:
        return {"fps": SUPPORT.default_fps, "generate_audio": True}
    try:
        take = access_generation(membership, UUID(like))
    except ValueError:
        raise NotFoundError from None
    stills = {"first_frame": str(take.first_frame_id), "last_frame": str(take.last_frame_id or "")}
    project = str(take.project_id or "")
    return {**{name: getattr(take, name) for name in _SETTINGS}, **stills, "project": project}
