"""The rules for a form: what can be selected in each field, and why the rest cannot.

The fields are checked in this order: model, resolution, frame rate, duration. A value that an earlier field does not
support is adjusted to the nearest supported value, and the adjustment is returned so that the page can show it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .support import SUPPORT, Model, size_of


@dataclass(frozen=True)
class Selection:
    model: str
    resolution: str
    fps: int
    duration: int


@dataclass(frozen=True)
class Choice:
    """One option of a field. `reason` is empty if it can be selected; otherwise it says why not."""

    value: str | int
    is_selected: bool
    reason: str = ""

    @property
    def is_allowed(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Adjustment:
    """A value that was changed because it is not supported, and why."""

    field: str
    old: str | int
    new: str | int
    reason: str


@dataclass(frozen=True)
class FormChoices:
    selection: Selection
    adjustments: tuple[Adjustment, ...]
    models: tuple[Choice, ...]
    resolutions: tuple[Choice, ...]
    fps: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    last_frame_reason: str

    @property
    def has_last_frame(self) -> bool:
        return not self.last_frame_reason


def form_choices(requested: Selection, *, models: Sequence[str] = SUPPORT.current_models) -> FormChoices:
    """Adjust the selection to a valid one, and list the options of each field.

    `models` are the ids of the available models in order, at least one. A requested model that is not available is
    adjusted to the first.
    """
    model = SUPPORT.models[requested.model if requested.model in models else models[0]]
    resolution = _nearest_resolution(model, requested.resolution)
    fps = _nearest(model.fps(resolution), requested.fps)
    duration = _nearest(model.seconds(resolution, fps), requested.duration)
    adjusted = Selection(model.id, resolution, fps, duration)
    return FormChoices(
        selection=adjusted,
        adjustments=_adjustments(requested, adjusted),
        models=tuple(Choice(name, name == model.id) for name in models),
        resolutions=tuple(
            Choice(r, r == resolution, "" if r in model.resolutions else f"{model.id} does not support {r}")
            for r in SUPPORT.resolutions
        ),
        fps=tuple(Choice(f, f == fps, _fps_reason(model, resolution, f)) for f in _all(models, "all_fps")),
        durations=tuple(
            Choice(s, s == duration, _seconds_reason(adjusted, model, s)) for s in _all(models, "all_seconds")
        ),
        last_frame_reason="" if model.has_last_frame else f"{model.id} does not support a last frame",
    )


def _all(models: Sequence[str], attribute: str) -> list[int]:
    return sorted({value for name in models for value in getattr(SUPPORT.models[name], attribute)})


def _fps_reason(model: Model, resolution: str, fps: int) -> str:
    supported = model.fps(resolution)
    return "" if fps in supported else f"{model.id} at {resolution} supports {_listed(supported)} fps"


def _seconds_reason(adjusted: Selection, model: Model, seconds: int) -> str:
    if seconds in model.seconds(adjusted.resolution, adjusted.fps):
        return ""
    rows = [row for row in model.matrix if seconds in row.seconds]
    if not rows:
        return f"{model.id} supports up to {max(model.all_seconds)} seconds"
    fps = sorted({f for row in rows for f in row.fps})
    tiers = dict.fromkeys(SUPPORT.tier(r) for row in rows for r in row.resolutions)
    return f"{seconds} seconds require {_listed(fps, ' or ')} fps at {' or '.join(tiers)}"


def _adjustments(requested: Selection, adjusted: Selection) -> tuple[Adjustment, ...]:
    model = SUPPORT.models[adjusted.model]
    reasons = {
        "model": f"{requested.model} is not available",
        "resolution": f"{model.id} does not support {requested.resolution}",
        "fps": _fps_reason(model, adjusted.resolution, requested.fps),
        "duration": _seconds_reason(adjusted, model, requested.duration),
    }
    return tuple(
        Adjustment(field, getattr(requested, field), getattr(adjusted, field), reason)
        for field, reason in reasons.items()
        if getattr(requested, field) != getattr(adjusted, field)
    )


def _nearest_resolution(model: Model, requested: str) -> str:
    if requested in model.resolutions:
        return requested
    if requested not in SUPPORT.resolutions:
        return model.resolutions[0]
    width, height = size_of(requested)
    # Keep the orientation if the model supports it, then choose the nearest size.
    return min(
        model.resolutions,
        key=lambda r: (_is_portrait(r) != (height > width), abs(size_of(r)[0] * size_of(r)[1] - width * height)),
    )


def _is_portrait(resolution: str) -> bool:
    width, height = size_of(resolution)
    return height > width


def _nearest(supported: Sequence[int], requested: int) -> int:
    return min(supported, key=lambda value: (abs(value - requested), value))


def _listed(values: Sequence[int], last: str = ", ") -> str:
    return last.join(map(str, values))
