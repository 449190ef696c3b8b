"""`focus_shift`: a rack of the lens from sharp to soft and back, with the plane of focus sweeping from near to far.

Without depth, low in the picture counts as near. The still is blurred once to a few strengths; a frame mixes
neighbouring strengths row by row.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import ease
from .planes import Planes

STRENGTHS = (0.0, 0.12, 0.3, 0.6, 1.0)  # shares of the strongest blur
STRONGEST = 0.014  # sigma of the strongest blur, as a share of the shorter side
ALL_OVER = 0.4  # share of the softness that the plane of focus has too, half way
STRIP_ROWS = 4  # rows of luma that share one softness


class FocusRack:
    """The blurred copies of a still, and the mixing of them."""

    def __init__(self, still: Planes) -> None:
        sigma = STRONGEST * min(still.width, still.height)
        self._levels = [_blurred(still, share * sigma) for share in STRENGTHS]

    def draw(self, t: float, into: Planes) -> None:
        """Draw the still as the lens sees it at time `t`; sharp at 0 and at 1."""
        softness = softness_by_row(t, into.height // STRIP_ROWS)
        for index, target in enumerate(into):
            rows = STRIP_ROWS if index == 0 else STRIP_ROWS // 2
            levels = [tuple(level)[index] for level in self._levels]
            for strip, soft in enumerate(softness):
                at = slice(strip * rows, (strip + 1) * rows)
                lower, weight = _between(float(soft))
                cv2.addWeighted(levels[lower][at], 1 - weight, levels[lower + 1][at], weight, 0, dst=target[at])


def softness_by_row(t: float, rows: int) -> NDArray[np.float64]:
    """Softness in 0..1 from the top row to the bottom one. Zero everywhere at both ends, with zero speed."""
    height = (np.arange(rows) + 0.5) / rows
    distance = np.clip(np.abs(height - (1 - ease(t))) / 0.7, 0, 1)
    away = distance * distance * (3 - 2 * distance)
    return math.sin(math.pi * t) ** 2 * (ALL_OVER + (1 - ALL_OVER) * away)


def _between(softness: float) -> tuple[int, float]:
    """Return the blur level below a softness, and how much of the next one to mix in."""
    for lower in range(len(STRENGTHS) - 1):
        low, high = STRENGTHS[lower], STRENGTHS[lower + 1]
        if softness <= high:
            return lower, (softness - low) / (high - low)
    return len(STRENGTHS) - 2, 1.0


def _blurred(still: Planes, sigma: float) -> Planes:
    if not sigma:
        return still
    y, (u, v) = still.y, (still.u, still.v)
    return Planes(_gaussian(y, sigma), _gaussian(u, sigma / 2), _gaussian(v, sigma / 2))


def _gaussian(plane: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)
