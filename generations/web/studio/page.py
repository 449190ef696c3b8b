"""What the studio page shows: the options, the price, the remaining credits, and a cheaper suggestion."""

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
from .images import SLOTS, ImageSlot
from .options import (
    FIELD_NAMES,
    Group,
    JobLimits,
    apply_limits,
    camera_motions,
    describe_changes,
    number,
    option_groups,
    selection_from,
)

_SETTINGS = ("prompt", "model", "resolution", "fps", "duration", "camera_motion", "generate_audio")


class NoModelsError(DailiesError):
    """Every model is disabled."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        super().__init__("No models are available. Contact your administrator.")


@dataclass(frozen=True)
class Suggestion:
    """One change of one field that makes the job affordable."""

    field: str
    value: str
    sentence: str


@dataclass(frozen=True)
class StudioPage:
    """The form's `values` and everything derived from them. `blocked_message` says why nothing can be submitted."""

    values: Mapping[str, object]
    slots: tuple[ImageSlot, ...]
    choices: FormChoices
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
        """Return whether the price on the submitted button was lower than the price is now."""
        quoted = number(self.values.get("quoted"), 0)
        return quoted > 0 and not self.changes and self.price is not None and self.price > quoted

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        motion = str(self.values.get("camera_motion", ""))
        return tuple(
            replace(
                apply_limits(group, self.limits),
                errors=tuple(self.errors.get(group.name, ())),
                change=self.changes.get(group.name, ""),
            )
            for group in (*option_groups(self.choices, self.prices), camera_motions(motion))
        )

    @property
    def limits(self) -> JobLimits:
        return JobLimits(self.balance.limits)

    @cached_property
    def changes(self) -> dict[str, str]:
        return describe_changes(self.choices)

    @property
    def image_slots(self) -> tuple[ImageSlot, ...]:
        """Return the slots with their notes for the selected resolution and model."""
        reason = formatting.humanize(self.choices.last_frame_reason)
        return tuple(
            replace(
                slot,
                resolution=self.choices.selection.resolution,
                reason=reason if slot.is_optional else "",
                error=" ".join(self.errors.get(slot.name, ())),
            )
            for slot in self.slots
        )

    @property
    def error_messages(self) -> list[str]:
        """Return every error with the name of its field, for the summary above the form."""
        return [
            f"{FIELD_NAMES[name]}: {text}" if name in FIELD_NAMES else text
            for name, texts in self.errors.items()
            for text in texts
        ]

    @property
    def idempotency_key(self) -> str:
        """Return the form's idempotency key: submitting the form twice creates one job."""
        return str(self.values.get("idempotency_key") or uuid7())

    @property
    def has_audio(self) -> bool:
        return bool(self.values.get("generate_audio"))

    @cached_property
    def price(self) -> int | None:
        return _price(self.prices, self.choices.selection)

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
        """Return the smallest affordable change: a shorter duration, else a smaller resolution, else another model."""
        return next(self._affordable_changes(), None)

    def _affordable_changes(self) -> Iterator[Suggestion]:
        for name, selection in _alternatives(self.choices, self.models):
            price = _price(self.prices, selection)
            if price is None or price > self.balance.spendable or not self.limits.allows(selection):
                continue
            if form_choices(selection, models=self.models).adjustments:
                continue
            value = getattr(selection, name)
            yield Suggestion(name, str(value), f"{_changed_value(name, value)} ({formatting.in_credits(price)})")


def build_page(
    values: Mapping[str, object],
    *,
    images: Mapping[str, Asset | None],
    balance: Balance,
    projects: Iterable[Project] = (),
    errors: Mapping[str, list[str]] | None = None,
) -> StudioPage:
    """Build the page from the form's values. Raises NoModelsError if every model is disabled."""
    models = offered_models()
    if not models:
        raise NoModelsError
    selection = JobLimits(balance.limits).apply(selection_from(values, models), models)
    return StudioPage(
        values=values,
        slots=tuple(ImageSlot(name, images[name]) for name in SLOTS),
        choices=form_choices(selection, models=models),
        models=models,
        prices=current_price_list(),
        balance=balance,
        errors=errors or {},
        projects=projects,
    )


def initial_values(membership: Membership, *, like: str = "") -> dict[str, Any]:
    """Return the values of a new form. `like` is the id of a take of the team whose settings are used.

    Raises NotFoundError if the take does not exist in the team.
    """
    if not like:
        return {"fps": SUPPORT.default_fps, "generate_audio": True}
    try:
        take = access_generation(membership, UUID(like))
    except ValueError:
        raise NotFoundError from None
    return {
        **{name: getattr(take, name) for name in _SETTINGS},
        "first_frame": str(take.first_frame_id),
        "last_frame": str(take.last_frame_id or ""),
        "project": str(take.project_id or ""),
    }


def _alternatives(available: FormChoices, models: list[str]) -> Iterator[tuple[str, Selection]]:
    """Yield selections that differ in one field, the smallest change first."""
    now = available.selection
    durations = [int(choice.value) for choice in available.durations if choice.is_allowed]
    yield from (("duration", replace(now, duration=s)) for s in sorted(durations, reverse=True) if s < now.duration)
    smaller = [r for r in SUPPORT.resolutions if _is_smaller(r, now.resolution)]
    yield from (("resolution", replace(now, resolution=r)) for r in sorted(smaller, key=_area, reverse=True))
    yield from (("model", replace(now, model=model)) for model in models if model != now.model)


def _changed_value(name: str, value: str | int) -> str:
    if name == "duration":
        return formatting.count_of(int(value), "second")
    return formatting.model_name(str(value)) if name == "model" else formatting.tier(str(value))


def _price(prices: PriceList, selection: Selection) -> int | None:
    try:
        return prices.price(model=selection.model, resolution=selection.resolution, duration=selection.duration).credits
    except NoPriceError:
        return None


def _is_smaller(resolution: str, than: str) -> bool:
    return formatting.orientation(resolution) == formatting.orientation(than) and _area(resolution) < _area(than)


def _area(resolution: str) -> int:
    width, height = size_of(resolution)
    return width * height
