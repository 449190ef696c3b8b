"""The choices of the contract as option groups of the form, with the reason why an option is unavailable."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from generations.contract.choices import Choice, FormChoices, Selection
from generations.contract.support import SUPPORT
from generations.credits.prices import PriceList
from generations.credits.quotas import Level, QuotaLimits

from .. import formatting

FIELD_NAMES = {
    "model": "Model",
    "resolution": "Resolution",
    "fps": "Frame rate (fps)",
    "duration": "Duration (seconds)",
    "camera_motion": "Camera",
    "generate_audio": "Sound",
    "prompt": "Prompt",
    "first_frame": "First frame",
    "last_frame": "Last frame",
    "project": "Project",
    "new_project": "New project",
}
_TIERS = list(SUPPORT.tiers)
_PLACEHOLDER = "\0"


@dataclass(frozen=True)
class Option:
    """One radio button. `reason` says why the option is unavailable; it is empty for an available one."""

    value: str
    label: str
    is_selected: bool
    detail: str = ""
    icon: str = ""
    title: str = ""
    reason: str = ""
    shape: str = ""


@dataclass(frozen=True)
class Group:
    """The options of one field. `reasons` explain unavailable options, `change` an automatic change of the value."""

    name: str
    legend: str
    options: tuple[Option, ...]
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    change: str = ""


@dataclass(frozen=True)
class JobLimits:
    """The limits that the member's quotas put on one job. Without limits, every option is available."""

    caps: QuotaLimits

    def reason(self, field: str, value: str | int) -> str:
        """Return why the value exceeds a limit, or an empty string."""
        models, seconds, tier = self.caps.allowed_models, self.caps.max_seconds, self.caps.max_tier
        if field == "model" and models.value is not None and value not in models.value:
            return f"{_limit_name(models.level)} does not include {formatting.model_name(str(value))}"
        if field == "duration" and seconds.value is not None and int(value) > seconds.value:
            return f"{_limit_name(seconds.level)} allows up to {formatting.count_of(seconds.value, 'second')} per video"
        if field == "resolution" and tier.value and _is_larger(str(value), tier.value):
            return f"{_limit_name(tier.level)} allows resolutions up to {formatting.humanize(tier.value)}"
        return ""

    def allows(self, selection: Selection) -> bool:
        return not any(self.reason(field, getattr(selection, field)) for field in ("model", "duration", "resolution"))

    def apply(self, selection: Selection, models: list[str]) -> Selection:
        """Reduce the selection to the limits, as far as the form offers values within them."""
        if self.reason("model", selection.model):
            allowed = [model for model in models if not self.reason("model", model)]
            selection = replace(selection, model=(allowed or [selection.model])[0])
        if self.reason("duration", selection.duration) and self.caps.max_seconds.value:
            selection = replace(selection, duration=self.caps.max_seconds.value)
        if self.reason("resolution", selection.resolution):
            selection = replace(selection, resolution=self._largest_allowed(selection.resolution))
        return selection

    def _largest_allowed(self, resolution: str) -> str:
        """Return the largest allowed resolution of the same orientation."""
        if resolution not in SUPPORT.resolutions:
            return resolution
        orientation = formatting.orientation(resolution)
        same = [r for r in SUPPORT.resolutions if formatting.orientation(r) == orientation]
        allowed = [r for r in same if not self.reason("resolution", r)]
        return max(allowed, key=lambda r: _TIERS.index(SUPPORT.tier(r)), default=resolution)


def selection_from(values: Mapping[str, object], models: list[str]) -> Selection:
    """Read the selection from the form's values. Values that cannot be read become the default."""
    return Selection(
        model=str(values.get("model") or models[0]),
        resolution=str(values.get("resolution") or "1920x1080"),
        fps=number(values.get("fps"), SUPPORT.default_fps),
        duration=number(values.get("duration"), 6),
    )


def option_groups(available: FormChoices, prices: PriceList) -> tuple[Group, ...]:
    """Return model, duration, resolution and frame rate, in the order of the page."""
    resolutions = sorted(available.resolutions, key=lambda choice: _is_portrait(choice.value))
    return (
        _group("model", (_model_option(choice, available.selection, prices) for choice in available.models)),
        _group("duration", map(_number_option, available.durations), _reasons(available.durations)),
        _group("resolution", map(_resolution_option, resolutions), _reasons(available.resolutions)),
        _group("fps", map(_number_option, available.fps), _reasons(available.fps)),
    )


def camera_motions(selected: str) -> Group:
    return _group(
        "camera_motion",
        (
            Option(value, label, value == selected, icon=icon, title=title)
            for value, (label, icon, title) in formatting.MOTIONS.items()
        ),
    )


def apply_limits(group: Group, limits: JobLimits) -> Group:
    """Make the options beyond the limits unavailable, and give each reason once below the options."""
    options = [
        option if option.reason else replace(option, reason=limits.reason(group.name, option.value))
        for option in group.options
    ]
    added = [formatting.humanize(new.reason) for new, old in zip(options, group.options, strict=True) if new != old]
    return replace(group, options=tuple(options), reasons=(*group.reasons, *dict.fromkeys(added)))


def describe_changes(available: FormChoices) -> dict[str, str]:
    """Say by field which value the form changed, and why."""
    return {
        move.field: f"{FIELD_NAMES[move.field].partition(' (')[0]} was set to {_value(move.field, move.new)}, "
        f"because {formatting.with_names(move.reason)}."
        for move in available.adjustments
    }


def number(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def _group(name: str, options: Iterable[Option], reasons: tuple[str, ...] = ()) -> Group:
    return Group(name, FIELD_NAMES[name], tuple(options), reasons)


def _number_option(choice: Choice) -> Option:
    return Option(str(choice.value), str(choice.value), choice.is_selected, reason=formatting.humanize(choice.reason))


def _model_option(choice: Choice, selection: Selection, prices: PriceList) -> Option:
    model = str(choice.value)
    rate = prices.rates.get((model, SUPPORT.tier(selection.resolution)))
    detail = f"{formatting.in_credits(rate)}/second" if rate else ""
    return Option(model, formatting.model_name(model), choice.is_selected, detail=detail)


def _resolution_option(choice: Choice) -> Option:
    resolution = str(choice.value)
    return Option(
        resolution,
        formatting.tier(resolution),
        choice.is_selected,
        detail=formatting.pixels(resolution),
        shape=formatting.orientation(resolution),
        reason=formatting.humanize(choice.reason),
    )


def _reasons(options: Iterable[Choice]) -> tuple[str, ...]:
    """Return one sentence for consecutive options with the same reason.

    For example `12–20 seconds need 24 or 25 fps at 720p or 1080p`.
    """
    blocked = [choice for choice in options if choice.reason]
    return tuple(
        formatting.humanize(rule.replace(_PLACEHOLDER, _joined([choice.value for choice in same])))
        for rule, same in groupby(blocked, key=lambda c: re.sub(rf"\b{c.value}\b", _PLACEHOLDER, c.reason, count=1))
    )


def _joined(values: list[str | int]) -> str:
    if len(values) > 1 and all(isinstance(value, int) for value in values):
        return f"{values[0]}\N{EN DASH}{values[-1]}"
    return ", ".join(map(str, values))


def _value(field: str, value: str | int) -> str:
    units = {"duration": " s", "fps": " fps"}
    return f"{formatting.with_names(str(value))}{units.get(field, '')}"


def _limit_name(level: Level | None) -> str:
    return formatting.quota_name(level or Level.MEMBER)


def _is_larger(resolution: str, tier: str) -> bool:
    if resolution not in SUPPORT.resolutions:
        return False
    return _TIERS.index(SUPPORT.tier(resolution)) > _TIERS.index(tier)


def _is_portrait(resolution: object) -> bool:
    return formatting.orientation(str(resolution)) == "portrait"
