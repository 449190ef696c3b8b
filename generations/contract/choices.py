"""The rules turned round for a form: what may be chosen, what may not, and why.

Fields settle from left to right: model, resolution, frame rate, seconds. A value that a field further left
rules out moves to the nearest one that is offered, and the move is reported so that the page can say so.
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
    """One option. `reason` is empty when it may be chosen, else one sentence that says what rules it out."""

    value: str | int
    is_selected: bool
    reason: str = ""

    @property
    def is_allowed(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Move:
    """A value the form had to change, and why."""

    field: str
    old: str | int
    new: str | int
    reason: str


@dataclass(frozen=True)
class Choices:
    selection: Selection
    moves: tuple[Move, ...]
    models: tuple[Choice, ...]
    resolutions: tuple[Choice, ...]
    fps: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    last_frame_reason: str

    @property
    def has_last_frame(self) -> bool:
        return not self.last_frame_reason


def choices(wanted: Selection, *, models: Sequence[str] = SUPPORT.current_models) -> Choices:
    """Settle the selection and list every option of each field with the reason against it, if there is one.

    `models` are the ids on offer, in order, at least one; a wanted model that is not among them moves to the first.
    """
    model = SUPPORT.models[wanted.model if wanted.model in models else models[0]]
    resolution = _nearest_resolution(model, wanted.resolution)
    fps = _nearest(model.fps(resolution), wanted.fps)
    duration = _nearest(model.seconds(resolution, fps), wanted.duration)
    settled = Selection(model.id, resolution, fps, duration)
    return Choices(
        selection=settled,
        moves=_moves(wanted, settled),
        models=tuple(Choice(name, name == model.id) for name in models),
        resolutions=tuple(
            Choice(r, r == resolution, "" if r in model.resolutions else f"{model.id} does not offer {r}")
            for r in SUPPORT.resolutions
        ),
        fps=tuple(Choice(f, f == fps, _fps_reason(model, resolution, f)) for f in _all(models, "all_fps")),
        durations=tuple(
            Choice(s, s == duration, _seconds_reason(settled, model, s)) for s in _all(models, "all_seconds")
        ),
        last_frame_reason="" if model.has_last_frame else f"{model.id} takes no last frame",
    )


def _all(models: Sequence[str], attribute: str) -> list[int]:
    return sorted({value for name in models for value in getattr(SUPPORT.models[name], attribute)})


def _fps_reason(model: Model, resolution: str, fps: int) -> str:
    offered = model.fps(resolution)
    return "" if fps in offered else f"{model.id} at {resolution} offers {_listed(offered)} fps"


def _seconds_reason(settled: Selection, model: Model, seconds: int) -> str:
    if seconds in model.seconds(settled.resolution, settled.fps):
        return ""
    rows = [row for row in model.matrix if seconds in row.seconds]
    if not rows:
        return f"{model.id} offers up to {max(model.all_seconds)} seconds"
    fps = sorted({f for row in rows for f in row.fps})
    tiers = dict.fromkeys(SUPPORT.tier(r) for row in rows for r in row.resolutions)
    return f"{seconds} seconds need {_listed(fps, ' or ')} fps at {' or '.join(tiers)}"


def _moves(wanted: Selection, settled: Selection) -> tuple[Move, ...]:
    model = SUPPORT.models[settled.model]
    reasons = {
        "model": f"{wanted.model} is not offered here",
        "resolution": f"{model.id} does not offer {wanted.resolution}",
        "fps": _fps_reason(model, settled.resolution, wanted.fps),
        "duration": _seconds_reason(settled, model, wanted.duration),
    }
    return tuple(
        Move(field, getattr(wanted, field), getattr(settled, field), reason)
        for field, reason in reasons.items()
        if getattr(wanted, field) != getattr(settled, field)
    )


def _nearest_resolution(model: Model, wanted: str) -> str:
    if wanted in model.resolutions:
        return wanted
    if wanted not in SUPPORT.resolutions:
        return model.resolutions[0]
    width, height = size_of(wanted)
    # Keep the orientation if the model has it, then come as close in size as possible.
    return min(
        model.resolutions,
        key=lambda r: (_is_portrait(r) != (height > width), abs(size_of(r)[0] * size_of(r)[1] - width * height)),
    )


def _is_portrait(resolution: str) -> bool:
    width, height = size_of(resolution)
    return height > width


def _nearest(offered: Sequence[int], wanted: int) -> int:
    return min(offered, key=lambda value: (abs(value - wanted), value))


def _listed(values: Sequence[int], last: str = ", ") -> str:
    return last.join(map(str, values))
