"""Find the motion between two images of the same subject.

Dense optical flow is computed in both directions on small copies. A pixel is consistent if the forward and the backward
flow together lead back near its start. If too few pixels are consistent, the images are unrelated.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .planes import Plane, Planes
from .sampler import CELL, DisplacementField

WORKING_SIDE = 512  # pixels of the longer side of the small copies
MIN_CONSISTENCY = 0.55  # required fraction of consistent pixels; unrelated images stay below 0.45
MAX_ROUND_TRIP_ERROR = 0.006  # of forward plus backward flow, as a fraction of the longer side
FIXED_POINT_STEPS = 4


@dataclass(frozen=True)
class Flow:
    """Offsets in luma pixels, one per cell: the position of each part of one image in the other."""

    forward: DisplacementField
    backward: DisplacementField


def find_flow(first: Planes, last: Planes) -> Flow | None:
    """Return the motion between two images of the same size, or None if they are unrelated."""
    scale = WORKING_SIDE / max(first.width, first.height)
    a, b = _edge_map(first.y, scale), _edge_map(last.y, scale)
    forward, backward = _flow(a, b), _flow(b, a)
    if min(consistency(forward, backward), consistency(backward, forward)) < MIN_CONSISTENCY:
        return None
    cells = (first.width // CELL, first.height // CELL)
    return Flow(_per_cell(forward, cells, scale), _per_cell(backward, cells, scale))


def backward_warp(flow: DisplacementField, fraction: float) -> DisplacementField:
    """Return the field for `Sampler.draw_field` that moves every pixel by `fraction` of its flow.

    Drawing needs the source position of each target pixel, so the flow is inverted by fixed-point iteration.
    """
    field = np.zeros_like(flow)
    for _ in range(FIXED_POINT_STEPS if fraction else 0):
        field = -np.float32(fraction) * _sampled_at(flow, field / np.float32(CELL))
    return field


def consistency(forward: DisplacementField, backward: DisplacementField) -> float:
    """Return the fraction of pixels for which the forward and the backward flow lead back near the start."""
    error = np.linalg.norm(forward + _sampled_at(backward, forward), axis=2)
    return float(np.mean(error <= MAX_ROUND_TRIP_ERROR * max(forward.shape[:2])))


def _flow(a: Plane, b: Plane) -> DisplacementField:
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(estimator.calc(a, b, np.zeros((*a.shape, 2), np.float32)), np.float32)


def _sampled_at(values: NDArray[Any], offsets: DisplacementField) -> DisplacementField:
    height, width = offsets.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(
        cv2.remap(values, x + offsets[..., 0], y + offsets[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _edge_map(plane: Plane, scale: float) -> Plane:
    """Return a small copy that shows the edge strength at each pixel relative to its surroundings.

    It does not depend on the light: day and dusk of one view differ in brightness everywhere, and even in which side of
    an edge is lighter, but the edges are in the same places.
    """
    small = cv2.resize(plane, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(np.asarray(small, np.float32), (0, 0), 1.2)
    edges = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    average = cv2.GaussianBlur(edges, (0, 0), WORKING_SIDE / 32)
    return np.asarray(np.clip(90 * edges / (average + 8), 0, 255), np.uint8)


def _per_cell(flow: DisplacementField, cells: tuple[int, int], scale: float) -> DisplacementField:
    smooth = cv2.GaussianBlur(flow, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(smooth, cells, interpolation=cv2.INTER_AREA) / np.float32(scale), np.float32)
