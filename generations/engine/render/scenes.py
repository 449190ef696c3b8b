"""Scenes draw the image of a point in time: a camera motion, a focus shift, or a transition between two images."""

import math
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Path, arriving_path, camera_path, ease
from .morph import Flow, backward_warp, find_flow
from .planes import Plane, Planes, blank_planes, blend_planes, copy_planes
from .sampler import Sampler

DISSOLVE_FROM, DISSOLVE_TO = 0.2, 0.8  # the time in which two unrelated images mix

BLUR_STRENGTHS = (0.0, 0.12, 0.3, 0.6, 1.0)  # fractions of the strongest blur
MAX_BLUR = 0.014  # sigma of the strongest blur, as a fraction of the shorter side
MIN_SOFTNESS = 0.4  # fraction of the softness that also applies to the plane of focus, at half time
STRIP_ROWS = 4  # luma rows that share one softness


class Scene(Protocol):
    def draw(self, t: float, into: Planes) -> None:
        """Draw the image of time `t` in 0..1. Thread-safe; times may come in any order."""


class CameraScene:
    """A camera that moves over one image."""

    def __init__(self, image: Planes, path: Path) -> None:
        self._sampler, self._path = Sampler(image), path

    def draw(self, t: float, into: Planes) -> None:
        self._sampler.draw_view(self._path(t), into)


class StaticScene:
    """One image without motion."""

    def __init__(self, image: Planes) -> None:
        self._image = image

    def draw(self, t: float, into: Planes) -> None:
        copy_planes(self._image, into)


class FocusScene:
    """`focus_shift`: the lens goes from sharp to soft and back, while the plane of focus moves from near to far.

    There is no depth map, so lower parts of the image count as nearer. The image is blurred once at a few strengths;
    each frame mixes neighboring strengths row by row.
    """

    def __init__(self, image: Planes) -> None:
        sigma = MAX_BLUR * min(image.width, image.height)
        self._levels = [_blurred(image, strength * sigma) for strength in BLUR_STRENGTHS]

    def draw(self, t: float, into: Planes) -> None:
        softness = softness_by_row(t, into.height // STRIP_ROWS)
        for index, target in enumerate(into):
            rows = STRIP_ROWS if index == 0 else STRIP_ROWS // 2
            levels = [tuple(level)[index] for level in self._levels]
            for strip, soft in enumerate(softness):
                at = slice(strip * rows, (strip + 1) * rows)
                lower, weight = _blur_levels(float(soft))
                cv2.addWeighted(levels[lower][at], 1 - weight, levels[lower + 1][at], weight, 0, dst=target[at])


class DissolveScene:
    """A cross-fade between two scenes: only the first at time 0, only the second at time 1."""

    def __init__(self, departing: Scene, arriving: Scene) -> None:
        self._departing, self._arriving = departing, arriving

    def draw(self, t: float, into: Planes) -> None:
        weight = ease(min(max((t - DISSOLVE_FROM) / (DISSOLVE_TO - DISSOLVE_FROM), 0.0), 1.0))
        if weight == 0:
            self._departing.draw(t, into)
            return
        self._arriving.draw(t, into)
        if weight < 1:
            first = blank_planes(into.width, into.height)
            self._departing.draw(t, first)
            blend_planes(first, into, weight, into)


class MorphScene:
    """Two related images: each part moves from its position in the first to its position in the second."""

    def __init__(self, first: Planes, last: Planes, flow: Flow) -> None:
        self._first, self._last, self._flow = Sampler(first), Sampler(last), flow

    def draw(self, t: float, into: Planes) -> None:
        fraction = ease(t)
        other = blank_planes(into.width, into.height)
        self._first.draw_field(backward_warp(self._flow.forward, fraction), into)
        self._last.draw_field(backward_warp(self._flow.backward, 1 - fraction), other)
        blend_planes(into, other, fraction, into)


def make_scene(*, first: Planes, last: Planes | None, motion: str | None, seconds: float) -> Scene:
    """Choose the scene for a clip. Two related images define the motion; otherwise the camera motion does."""
    if last is None:
        return _moving(first, motion, camera_path(motion, seconds))
    if motion != "focus_shift" and (flow := find_flow(first, last)):
        return MorphScene(first, last, flow)
    return DissolveScene(
        _moving(first, motion, camera_path(motion, seconds)), _moving(last, motion, arriving_path(motion, seconds))
    )


def _moving(image: Planes, motion: str | None, path: Path) -> Scene:
    if motion == "static":
        return StaticScene(image)
    if motion == "focus_shift":
        return FocusScene(image)
    return CameraScene(image, path)


def softness_by_row(t: float, rows: int) -> NDArray[np.float64]:
    """Softness in 0..1 from the top row to the bottom row. Zero everywhere at both ends, with zero speed."""
    height = (np.arange(rows) + 0.5) / rows
    distance = np.clip(np.abs(height - (1 - ease(t))) / 0.7, 0, 1)
    defocus = distance * distance * (3 - 2 * distance)
    return math.sin(math.pi * t) ** 2 * (MIN_SOFTNESS + (1 - MIN_SOFTNESS) * defocus)


def _blur_levels(softness: float) -> tuple[int, float]:
    """Return the index of the blur level below a softness, and the weight of the next level."""
    for lower in range(len(BLUR_STRENGTHS) - 1):
        low, high = BLUR_STRENGTHS[lower], BLUR_STRENGTHS[lower + 1]
        if softness <= high:
            return lower, (softness - low) / (high - low)
    return len(BLUR_STRENGTHS) - 2, 1.0


def _blurred(image: Planes, sigma: float) -> Planes:
    if not sigma:
        return image
    return Planes(_gaussian(image.y, sigma), _gaussian(image.u, sigma / 2), _gaussian(image.v, sigma / 2))


def _gaussian(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)
