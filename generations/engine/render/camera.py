"""The camera: eight motions as pure functions from time to a view of the image.

Frame 0 is the image itself, so every motion starts with the whole image and can only zoom in. A sideways motion is
therefore a zoom around the far edge: the view moves toward that edge within the margin that the zoom creates.
Moving back would show pixels that do not exist; `dolly_out` shrinks the center while the border stays fixed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAMP = 0.3  # fraction of the time for acceleration, and again for deceleration


@dataclass(frozen=True)
class View:
    """What the camera shows. `zoom` is around the anchor, in fractions of width and height from the top left."""

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
_DRIFT_ANCHOR, _DRIFT_FRACTION = (0.46, 0.44), 0.35
_OPPOSITES = {
    "dolly_in": "dolly_out",
    "dolly_out": "dolly_in",
    "dolly_left": "dolly_right",
    "dolly_right": "dolly_left",
    "jib_up": "jib_down",
    "jib_down": "jib_up",
}


def ease(t: float) -> float:
    """Map 0..1 to 0..1 with zero speed and zero acceleration at both ends and a constant speed in between."""
    if t > 0.5:
        return 1 - ease(1 - t)
    speed = 1 / (1 - RAMP)
    if t >= RAMP:
        return speed * (t - RAMP / 2)
    return speed * (t / 2 - RAMP / (2 * math.pi) * math.sin(math.pi * t / RAMP))


def zoom_amount(seconds: float) -> float:
    """Return the zoom beyond 1 at the end of a motion. It grows with the length of the clip, up to a limit."""
    return min(0.08 + 0.012 * seconds, 0.24)


def camera_path(motion: str | None, seconds: float) -> Path:
    """Return the path of a camera motion of the contract; None is a slow drift. At time 0 it shows the whole image."""
    amount = zoom_amount(seconds)
    if motion in ("static", "focus_shift"):
        return lambda t: View()
    if motion == "dolly_out":
        return lambda t: View(pinch=amount * ease(t))
    anchor = _ANCHORS[motion] if motion else _DRIFT_ANCHOR
    log_zoom = math.log1p(amount if motion else amount * _DRIFT_FRACTION)
    # Equal steps of the logarithm look like a constant speed.
    return lambda t: View(zoom=math.exp(log_zoom * ease(t)), anchor=anchor)


def arriving_path(motion: str | None, seconds: float) -> Path:
    """Return a path with the same direction that ends at the whole image: the opposite motion, reversed in time."""
    departing = camera_path(_OPPOSITES.get(motion, motion) if motion else None, seconds)
    return lambda t: departing(1 - t)


def source_positions(view: View, axis: int, size: int) -> NDArray[np.float64]:
    """Return the source position of each of `size` samples along an axis (0 horizontal, 1 vertical), in samples.

    Positions are computed in fractions of the image, so luma and chroma planes match.
    """
    position = (np.arange(size) + 0.5) / size
    anchor = view.anchor[axis]
    position = anchor + (position - anchor) / view.zoom
    if view.pinch:
        offset = 2 * position - 1
        position = position + view.pinch * (offset - offset**3) / 2
    return position * size - 0.5
