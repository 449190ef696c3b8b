"""What is drawn at a time: a camera over one still, a rack of focus, or the way from one still to another."""

from typing import Protocol

from .camera import Path, arriving_path, camera_path, ease
from .focus import FocusRack
from .morph import Flow, find_flow, travelled
from .planes import Planes, blank_planes, blend_planes, copy_planes
from .sampler import Sampler

DISSOLVE_FROM, DISSOLVE_TO = 0.2, 0.8  # the share of the time in which two unrelated pictures mix


class Scene(Protocol):
    def draw(self, t: float, into: Planes) -> None:
        """Draw the picture of time `t` in 0..1. May be called from several threads at once, in any order."""


class CameraScene:
    """A camera that moves over one still."""

    def __init__(self, still: Planes, path: Path) -> None:
        self._sampler, self._path = Sampler(still), path

    def draw(self, t: float, into: Planes) -> None:
        self._sampler.draw_view(self._path(t), into)


class StillScene:
    """One still that does not move."""

    def __init__(self, still: Planes) -> None:
        self._still = still

    def draw(self, t: float, into: Planes) -> None:
        copy_planes(self._still, into)


class DissolveScene:
    """Two scenes that mix in the middle: the first alone at time 0, the second alone at time 1."""

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
    """Two related stills: each thing travels from its place in the first to its place in the second."""

    def __init__(self, first: Planes, last: Planes, flow: Flow) -> None:
        self._first, self._last, self._flow = Sampler(first), Sampler(last), flow

    def draw(self, t: float, into: Planes) -> None:
        share = ease(t)
        other = blank_planes(into.width, into.height)
        self._first.draw_field(travelled(self._flow.forward, share), into)
        self._last.draw_field(travelled(self._flow.backward, 1 - share), other)
        blend_planes(into, other, share, into)


def make_scene(*, first: Planes, last: Planes | None, motion: str | None, seconds: float) -> Scene:
    """Choose the scene for a clip. Related stills define the move themselves; else the camera motion does."""
    if last is None:
        return _moving(first, motion, camera_path(motion, seconds))
    if motion != "focus_shift" and (flow := find_flow(first, last)):
        return MorphScene(first, last, flow)
    return DissolveScene(
        _moving(first, motion, camera_path(motion, seconds)), _moving(last, motion, arriving_path(motion, seconds))
    )


def _moving(still: Planes, motion: str | None, path: Path) -> Scene:
    if motion == "static":
        return StillScene(still)
    if motion == "focus_shift":
        return FocusRack(still)
    return CameraScene(still, path)
