"""The eight camera motions as numbers: their start, direction and easing."""

import numpy as np
import pytest

from generations.contract.support import SUPPORT
from generations.engine.render.camera import View, arriving_path, camera_path, ease, source_positions

MOVING = ["dolly_in", "dolly_out", "dolly_left", "dolly_right", "jib_up", "jib_down"]
SIZE = 1000
TIMES = np.linspace(0, 1, 145)


def positions(motion: str | None, axis: int, *, path=camera_path) -> np.ndarray:
    """Return the source position of each sample of a row or column, one row per time."""
    view_at = path(motion, 6)
    return np.array([source_positions(view_at(float(t)), axis, SIZE) for t in TIMES])


@pytest.mark.parametrize("motion", [*SUPPORT.camera_motions, None])
def test_every_motion_starts_at_the_whole_image(motion: str | None):
    assert camera_path(motion, 6)(0.0) in (View(), View(anchor=camera_path(motion, 6)(0.0).anchor))
    for axis in (0, 1):
        assert np.allclose(positions(motion, axis)[0], np.arange(SIZE), atol=1e-9)


@pytest.mark.parametrize("motion", [*SUPPORT.camera_motions, None])
def test_every_arriving_motion_ends_at_the_whole_image(motion: str | None):
    for axis in (0, 1):
        assert np.allclose(positions(motion, axis, path=arriving_path)[-1], np.arange(SIZE), atol=1e-9)


@pytest.mark.parametrize("path", [camera_path, arriving_path])
@pytest.mark.parametrize("motion", [*SUPPORT.camera_motions, None])
def test_no_motion_leaves_the_image(motion: str | None, path):
    for axis in (0, 1):
        read = positions(motion, axis, path=path)
        assert read.min() >= -0.5 - 1e-9
        assert read.max() <= SIZE - 0.5 + 1e-9
        assert (np.diff(read, axis=1) > 0).all()  # not mirrored and no overlap


@pytest.mark.parametrize(
    ("motion", "axis", "sign"),
    [
        ("dolly_left", 0, -1),  # the camera moves left: each screen position shows a point farther left
        ("dolly_right", 0, 1),
        ("jib_up", 1, -1),
        ("jib_down", 1, 1),
    ],
)
@pytest.mark.parametrize("path", [camera_path, arriving_path])
def test_sideways_and_vertical_motions_have_one_direction_everywhere(motion: str, axis: int, sign: int, path):
    steps = np.diff(positions(motion, axis, path=path), axis=0) * sign
    assert (steps >= 0).all()
    assert steps.sum(axis=0).mean() > 0.04 * SIZE


@pytest.mark.parametrize(("motion", "sign"), [("dolly_in", -1), ("dolly_out", 1)])
@pytest.mark.parametrize("path", [camera_path, arriving_path])
@pytest.mark.parametrize("axis", [0, 1])
def test_dollies_move_toward_the_center_or_away_from_it(motion: str, sign: int, path, axis: int):
    distance = np.abs(positions(motion, axis, path=path) - (SIZE - 1) / 2)
    steps = np.diff(distance, axis=0) * sign
    assert (steps >= -1e-9).all()
    assert steps.sum(axis=0).max() > 0.02 * SIZE


@pytest.mark.parametrize("motion", ["static", "focus_shift"])
def test_a_fixed_camera_does_not_move(motion: str):
    assert {camera_path(motion, 6)(float(t)) for t in TIMES} == {View()}


@pytest.mark.parametrize("motion", [*MOVING, None])
def test_motions_start_and_end_at_rest_without_jerks(motion: str | None):
    for axis in (0, 1):
        speed = np.diff(positions(motion, axis), axis=0)
        fastest = np.abs(speed).max()
        assert np.abs(speed[[0, -1]]).max() < 0.01 * fastest
        assert np.abs(np.diff(speed, axis=0)).max() < 0.06 * fastest


def test_easing_is_symmetric_and_complete():
    eased = np.array([ease(float(t)) for t in TIMES])
    assert (eased[0], eased[-1], ease(0.5)) == (0, 1, 0.5)
    assert np.allclose(eased + eased[::-1], 1)
    assert (np.diff(eased) > 0).all()


def test_longer_clips_zoom_farther_up_to_a_limit():
    zooms = [camera_path("dolly_in", seconds)(1.0).zoom for seconds in (6, 8, 10, 20)]
    assert zooms == sorted(zooms)
    assert zooms[-1] < 1.25
