"""The camera: eight moves as pure functions from time to a view of the still.

Frame 0 is the still itself, so every move begins at the whole picture and can only look closer. A sideways move is
therefore a zoom about the far edge: the view slides towards that edge with exactly the margin the zoom gives it.
Pulling back would show what is not there; `dolly_out` shrinks the middle while the rim stays pinned.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAMP = 0.3  # share of the time spent speeding up, and again slowing down


@dataclass(frozen=True)
class View:
    """What the camera sees. `zoom` is about the anchor, given in shares of width and height from the top left."""

    zoom: float = 1.0
    anchor: tuple[float, float] = (0.5, 0.5)
    pinch: float = 0.0


Path = Callable[[float], View]

_ANCHORS = {
    "dolly_in": (0.5, 0.5),
    "dolly_left": (0.0, 0.5),
    "dolly_right": (1.0, 0.5),
    "jib_up": (0.5, 0.0),
    "jib_down": (0.5, 1.0),
}
_DRIFT_ANCHOR, _DRIFT_SHARE = (0.46, 0.44), 0.35
_OPPOSITES = {
    "dolly_in": "dolly_out",
    "dolly_out": "dolly_in",
    "dolly_left": "dolly_right",
    "dolly_right": "dolly_left",
    "jib_up": "jib_down",
    "jib_down": "jib_up",
}


def ease(t: float) -> float:
    """Travel from 0 to 1 that starts and ends with zero speed and zero acceleration, steady in between."""
    if t > 0.5:
        return 1 - ease(1 - t)
    speed = 1 / (1 - RAMP)
    if t >= RAMP:
        return speed * (t - RAMP / 2)
    return speed * (t / 2 - RAMP / (2 * math.pi) * math.sin(math.pi * t / RAMP))


def reach(seconds: float) -> float:
    """How far a move goes, as the zoom beyond 1 at its end: longer clips travel farther, up to a limit."""
    return min(0.08 + 0.012 * seconds, 0.24)


def camera_path(motion: str | None, seconds: float) -> Path:
    """Return the path of a camera motion of the contract; None is a gentle drift. The view at time 0 is the still."""
    travel = reach(seconds)
    if motion in ("static", "focus_shift"):
        return lambda t: View()
    if motion == "dolly_out":
        return lambda t: View(pinch=travel * ease(t))
    anchor = _ANCHORS[motion] if motion else _DRIFT_ANCHOR
    stops = math.log1p(travel if motion else travel * _DRIFT_SHARE)
    # Equal steps of the logarithm look like a steady speed.
    return lambda t: View(zoom=math.exp(stops * ease(t)), anchor=anchor)


def arriving_path(motion: str | None, seconds: float) -> Path:
    """Return the path that ends at the whole picture and moves in the same direction: the opposite, run backwards."""
    departing = camera_path(_OPPOSITES.get(motion, motion) if motion else None, seconds)
    return lambda t: departing(1 - t)


def source_positions(view: View, axis: int, size: int) -> NDArray[np.float64]:
    """Where each of `size` samples along an axis (0 across, 1 down) reads the still, in samples of the same size.

    Positions are worked out in shares of the picture, so luma and chroma planes agree.
    """
    share = (np.arange(size) + 0.5) / size
    anchor = view.anchor[axis]
    share = anchor + (share - anchor) / view.zoom
    if view.pinch:
        offset = 2 * share - 1
        share = share + view.pinch * (offset - offset**3) / 2
    return share * size - 0.5
