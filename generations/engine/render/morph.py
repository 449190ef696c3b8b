"""Motion between two pictures of the same thing, where there is any to find.

Dense optical flow both ways on small copies. It counts only where going there and back ends near the start; when that
holds for too little of the picture, the two are unrelated and no motion is made up.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .planes import Plane, Planes
from .sampler import CELL, Field

WORKING_SIDE = 512  # pixels of the longer side of the small copies
LEAST_AGREEMENT = 0.55  # share of the picture where both directions must agree; unrelated pictures stay below 0.45
ROUND_TRIP = 0.006  # error allowed on the way there and back, as a share of the longer side
FIXED_POINT_STEPS = 4


@dataclass(frozen=True)
class Flow:
    """Offsets in luma pixels, one per cell: where a thing of one picture is found in the other."""

    forward: Field
    backward: Field


def find_flow(first: Planes, last: Planes) -> Flow | None:
    """Return the motion between two pictures of one size, or None when they are unrelated."""
    scale = WORKING_SIDE / max(first.width, first.height)
    a, b = _outlines(first.y, scale), _outlines(last.y, scale)
    forward, backward = _flow(a, b), _flow(b, a)
    if min(agreement(forward, backward), agreement(backward, forward)) < LEAST_AGREEMENT:
        return None
    cells = (first.width // CELL, first.height // CELL)
    return Flow(_per_cell(forward, cells, scale), _per_cell(backward, cells, scale))


def travelled(flow: Field, share: float) -> Field:
    """Return the field to draw with, for things that have gone `share` of their way along a flow.

    Drawing reads backwards (which pixel ends here?), so the flow is inverted by fixed-point steps.
    """
    field = np.zeros_like(flow)
    for _ in range(FIXED_POINT_STEPS if share else 0):
        field = -np.float32(share) * _displaced(flow, field / np.float32(CELL))
    return field


def agreement(there: Field, back: Field) -> float:
    """Share of the picture from which going there and back ends near the start."""
    miss = np.linalg.norm(there + _displaced(back, there), axis=2)
    return float(np.mean(miss <= ROUND_TRIP * max(there.shape[:2])))


def _flow(a: Plane, b: Plane) -> Field:
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(finder.calc(a, b, np.zeros((*a.shape, 2), np.float32)), np.float32)


def _displaced(values: NDArray[Any], offsets: Field) -> Field:
    height, width = offsets.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(
        cv2.remap(
            values, across + offsets[..., 0], down + offsets[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )


def _outlines(plane: Plane, scale: float) -> Plane:
    """Return a small copy that shows how edged each place is beside its surroundings, whatever light falls on it.

    Day and dusk of one view differ in every brightness, even in which side of an edge is the lighter. The edges stay.
    """
    small = cv2.resize(plane, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(np.asarray(small, np.float32), (0, 0), 1.2)
    edges = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    around = cv2.GaussianBlur(edges, (0, 0), WORKING_SIDE / 32)
    return np.asarray(np.clip(90 * edges / (around + 8), 0, 255), np.uint8)


def _per_cell(flow: Field, cells: tuple[int, int], scale: float) -> Field:
    smooth = cv2.GaussianBlur(flow, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(smooth, cells, interpolation=cv2.INTER_AREA) / np.float32(scale), np.float32)
