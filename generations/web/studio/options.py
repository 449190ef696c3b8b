"""What a quota lets one choose in the studio, and the words for why not."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from generations.contract.choices import Choice, FormChoices, Selection
from generations.contract.support import SUPPORT
from generations.credits.prices import PriceList
from generations.credits.quotas import Caps, Level

from .. import formatting

_TIERS = list(SUPPORT.tiers)


@dataclass(frozen=True)
class Allowance:
    """The limits of one job. Without any, everything may be chosen."""

    caps: Caps

    def reason(self, field: str, value: str | int) -> str:
        """Why the value may not be chosen, as half a sentence; empty when it may."""
        caps = self.caps
        if field == "model" and caps.allowed_models.value is not None and value not in caps.allowed_models.value:
            return f"{_whose(caps.allowed_models.level)} does not allow {formatting.model_name(str(value))}"
        if field == "duration" and caps.max_seconds.value is not None and int(value) > caps.max_seconds.value:
            return f"{_whose(caps.max_seconds.level)} allows {caps.max_seconds.value} seconds a job"
        if field == "resolution" and caps.max_tier.value and _is_larger(str(value), caps.max_tier.value):
            return f"{_whose(caps.max_tier.level)} allows sizes up to {formatting.humanize(caps.max_tier.value)}"
        return ""

    def fits(self, selection: Selection) -> bool:
        return not (
            self.reason("model", selection.model)
            or self.reason("duration", selection.duration)
            or self.reason("resolution", selection.resolution)
        )

    def settle(self, selection: Selection, models: list[str]) -> Selection:
        """Bring what was chosen within the limits, as far as the form has anything within them."""
        if self.reason("model", selection.model):
            allowed = [model for model in models if not self.reason("model", model)]
            selection = replace(selection, model=(allowed or [selection.model])[0])
        if self.reason("duration", selection.duration) and self.caps.max_seconds.value:
            selection = replace(selection, duration=self.caps.max_seconds.value)
        if self.reason("resolution", selection.resolution):
            selection = replace(selection, resolution=self._largest_like(selection.resolution))
        return selection

    def _largest_like(self, resolution: str) -> str:
        if resolution not in SUPPORT.resolutions:
            return resolution
        alike = [r for r in SUPPORT.resolutions if formatting.orientation(r) == formatting.orientation(resolution)]
        allowed = [r for r in alike if not self.reason("resolution", r)]
        return max(allowed, key=lambda r: _TIERS.index(SUPPORT.tier(r)), default=resolution)


def _is_larger(resolution: str, tier: str) -> bool:
    if resolution not in SUPPORT.resolutions:
        return False
    return _TIERS.index(SUPPORT.tier(resolution)) > _TIERS.index(tier)


def _whose(level: Level | None) -> str:
    words = formatting.quota_name(level or Level.MEMBER)
    return words[0].lower() + words[1:]


@dataclass(frozen=True)
class Option:
    """One radio button. `reason` is empty when it may be chosen."""

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
    """The options of one field, and below them why some are not to be had, and what had to change."""

    name: str
    legend: str
    options: tuple[Option, ...]
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    change: str = ""


_GAP = "\0"
FIELD_NAMES = {
    "model": "Model",
    "resolution": "Size",
    "fps": "Frames a second",
    "duration": "Seconds",
    "camera_motion": "Camera",
    "generate_audio": "Sound",
    "prompt": "Prompt",
    "first_frame": "First frame",
    "last_frame": "Last frame",
    "project": "Project",
    "new_project": "New project",
}


def selection_from(values: Mapping[str, object], models: list[str]) -> Selection:
    """Read what was chosen, however broken; what cannot be read becomes the default."""
    return Selection(
        model=str(values.get("model") or models[0]),
        resolution=str(values.get("resolution") or "1920x1080"),
        fps=number(values.get("fps"), SUPPORT.default_fps),
        duration=number(values.get("duration"), 6),
    )


def groups(offered: FormChoices, prices: PriceList) -> tuple[Group, ...]:
    """Model, seconds, size and frame rate, in the order of the page."""
    return (
        Group("model", "Model", tuple(_model(choice, offered.selection, prices) for choice in offered.models)),
        _group("duration", "Seconds", offered.durations, str),
        Group(
            "resolution",
            "Size",
            tuple(_size(choice) for choice in sorted(offered.resolutions, key=lambda c: _is_portrait(c.value))),
            _reasons(offered.resolutions),
        ),
        _group("fps", "Frames a second", offered.fps, str),
    )


def motions(selected: str) -> Group:
    options = [
        Option(value, label, value == selected, icon=icon, title=title)
        for value, (label, icon, title) in formatting.MOTIONS.items()
    ]
    return Group("camera_motion", "Camera", tuple(options))


def restricted(group: Group, allowance: Allowance) -> Group:
    """Rule out what the quota forbids, and say so once below the options."""
    found = [
        option if option.reason else replace(option, reason=allowance.reason(group.name, option.value))
        for option in group.options
    ]
    told = [formatting.humanize(new.reason) for new, old in zip(found, group.options, strict=True) if new != old]
    return replace(group, options=tuple(found), reasons=(*group.reasons, *dict.fromkeys(told)))


def describe_changes(offered: FormChoices) -> dict[str, str]:
    """Say by field what the form had to change, and why."""
    return {
        move.field: f"{FIELD_NAMES[move.field]} changed from {_value(move.field, move.old)} "
        f"to {_value(move.field, move.new)}: {formatting.humanize(move.reason)}."
        for move in offered.adjustments
    }


def _group(name: str, legend: str, found: tuple[Choice, ...], label: type[str]) -> Group:
    options = [
        Option(str(c.value), label(c.value), c.is_selected, reason=formatting.humanize(c.reason) if c.reason else "")
        for c in found
    ]
    return Group(name, legend, tuple(options), _reasons(found))


def _model(choice: Choice, selection: Selection, prices: PriceList) -> Option:
    rate = prices.rates.get((str(choice.value), SUPPORT.tier(selection.resolution)))
    detail = f"{formatting.in_credits(rate)} a second" if rate else ""
    return Option(str(choice.value), formatting.model_name(str(choice.value)), choice.is_selected, detail=detail)


def _size(choice: Choice) -> Option:
    value = str(choice.value)
    return Option(
        value,
        formatting.tier(value),
        choice.is_selected,
        detail=formatting.pixels(value),
        shape=formatting.orientation(value),
        reason=formatting.humanize(choice.reason) if choice.reason else "",
    )


def _reasons(found: Iterable[Choice]) -> tuple[str, ...]:
    """One sentence for neighbours that are ruled out alike: `12–20 seconds need 24 or 25 fps at 720p or 1080p`."""
    blocked = [choice for choice in found if choice.reason]
    return tuple(
        formatting.humanize(rule.replace(_GAP, _spread([choice.value for choice in alike])))
        for rule, alike in groupby(blocked, key=lambda c: re.sub(rf"\b{c.value}\b", _GAP, c.reason, count=1))
    )


def _spread(values: list[str | int]) -> str:
    if len(values) > 1 and all(isinstance(value, int) for value in values):
        return f"{values[0]}\N{EN DASH}{values[-1]}"
    return ", ".join(map(str, values))


def _value(field: str, value: str | int) -> str:
    if field == "model":
        return formatting.model_name(str(value))
    return formatting.humanize(str(value)) if field == "resolution" else str(value)


def _is_portrait(resolution: object) -> bool:
    return formatting.orientation(str(resolution)) == "portrait"


def number(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default
