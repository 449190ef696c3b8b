"""Drawn frames: exact without motion, steady with motion, without seams between bands."""

import cv2
import numpy as np
import pytest

from generations.engine.render.camera import View, camera_path, source_positions
from generations.engine.render.morph import backward_warp, find_flow
from generations.engine.render.planes import Planes, blank_planes, planes_from_rgb
from generations.engine.render.sampler import CELL, Sampler, doubled
from generations.engine.render.scenes import DissolveScene, FocusScene, MorphScene, Scene, make_scene, softness_by_row

from .images import photo

WIDTH, HEIGHT = 640, 384


def photo_planes(seed: int = 1) -> Planes:
    return planes_from_rgb(np.asarray(photo(WIDTH, HEIGHT, seed)))


def shifted(across: int) -> Planes:
    """Return the same image, shifted sideways."""
    wide = np.asarray(photo(WIDTH + 100, HEIGHT))
    return planes_from_rgb(np.ascontiguousarray(wide[:, across : across + WIDTH]))


def drawn(scene: Scene, t: float) -> Planes:
    into = blank_planes(WIDTH, HEIGHT)
    scene.draw(t, into)
    return into


def is_same(a: Planes, b: Planes) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def sharpness(planes: Planes) -> float:
    return float(cv2.Laplacian(planes.y, cv2.CV_32F).std())


def grid_of_points() -> np.ndarray:
    across, down = np.meshgrid(np.arange(100, WIDTH - 100, 40), np.arange(80, HEIGHT - 80, 40))
    return np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)


def tracked(before: Planes, after: Planes, points: np.ndarray) -> np.ndarray:
    """Track points from one frame to another with sub-pixel accuracy."""
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-4)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        before.y, after.y, points[:, None], None, winSize=(41, 41), criteria=criteria
    )
    assert status.all()
    return found[:, 0]


def ideal(points: np.ndarray, view: View) -> np.ndarray:
    """Return the screen positions of image points, by inverting the maps of the camera."""
    read = [source_positions(view, axis, size) for axis, size in ((0, WIDTH), (1, HEIGHT))]
    return np.stack([np.interp(points[:, axis], read[axis], np.arange(len(read[axis]))) for axis in (0, 1)], axis=1)


@pytest.mark.parametrize("motion", ["dolly_in", "dolly_out", "dolly_left", "jib_down", "static", "focus_shift", None])
def test_the_first_frame_is_bit_exact(motion: str | None):
    image = photo_planes()
    assert is_same(drawn(make_scene(first=image, last=None, motion=motion, seconds=6), 0.0), image)


@pytest.mark.parametrize("motion", ["dolly_in", "dolly_out", "dolly_left", "dolly_right", "jib_up", "jib_down"])
def test_motions_are_steady_to_a_fiftieth_of_a_pixel(motion: str):
    """Compare points tracked through the drawn frames with the positions that the camera defines.

    A camera that rounds to whole pixels has an error of 0.4 at each step.
    """
    image, points = photo_planes(), grid_of_points()
    scene, path = make_scene(first=image, last=None, motion=motion, seconds=6), camera_path(motion, 6)
    errors = np.array(
        [tracked(image, drawn(scene, t), points) - ideal(points, path(t)) for t in np.linspace(0.05, 0.3, 12)]
    )
    assert np.sqrt(np.mean(errors**2)) < 0.06
    for order in (1, 2):  # visible errors: of the step and of the change of speed
        assert np.sqrt(np.mean(np.diff(errors, n=order, axis=0) ** 2)) < 0.02


@pytest.mark.parametrize(
    ("motion", "axis", "sign"), [("dolly_left", 0, 1), ("dolly_right", 0, -1), ("jib_up", 1, 1), ("jib_down", 1, -1)]
)
def test_the_image_moves_against_the_camera(motion: str, axis: int, sign: int):
    image, points = photo_planes(), grid_of_points()
    scene = make_scene(first=image, last=None, motion=motion, seconds=6)
    moved = (tracked(image, drawn(scene, 0.3), points) - points)[:, axis] * sign
    assert moved.min() > 0


def test_a_static_camera_shows_the_same_image_at_all_times():
    image = photo_planes()
    scene = make_scene(first=image, last=None, motion="static", seconds=6)
    assert all(is_same(drawn(scene, t), image) for t in (0.2, 0.5, 1.0))


def test_a_focus_shift_becomes_soft_and_sharp_again():
    scene = FocusScene(photo_planes())
    measured = [sharpness(drawn(scene, t)) for t in (0.0, 0.2, 0.5, 0.8, 1.0)]
    assert measured[0] == measured[-1]
    assert measured[2] < 0.75 * measured[0]
    assert measured[2] < measured[1] < measured[0]


def test_focus_sweeps_from_near_to_far():
    sharpest = [int(np.argmin(softness_by_row(t, 100))) for t in (0.25, 0.5, 0.75)]
    assert sharpest[0] > sharpest[1] > sharpest[2]
    assert not softness_by_row(0.0, 100).any()
    assert softness_by_row(1 / 143, 100).max() < 0.001


def test_doubling_keeps_the_image_on_even_samples():
    plane = photo_planes().y
    assert np.array_equal(doubled(plane)[::2, ::2], plane)


def test_a_field_draws_without_seams():
    """Bands are drawn separately. A ramp over the whole image must look as if drawn at once."""
    image = photo_planes()
    field = np.zeros((HEIGHT // CELL, WIDTH // CELL, 2), np.float32)
    field[..., 1] = np.linspace(0, 7.5, HEIGHT // CELL)[:, None]
    into = blank_planes(WIDTH, HEIGHT)
    Sampler(image).draw_field(field, into)
    rows = np.repeat(cv2.resize(field[:, :1, 1], (1, HEIGHT), interpolation=cv2.INTER_LINEAR), WIDTH, axis=1)
    across, down = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    whole = cv2.remap(
        doubled(image.y), 2 * across, 2 * (down + rows), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    assert np.abs(into.y.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("last_seed", [2, 3])
@pytest.mark.parametrize("motion", ["dolly_in", "jib_up", "focus_shift", "static", None])
def test_unrelated_images_dissolve_and_end_on_the_last_one(motion: str | None, last_seed: int):
    first, last = photo_planes(), photo_planes(last_seed)
    scene = make_scene(first=first, last=last, motion=motion, seconds=6)
    assert isinstance(scene, DissolveScene)
    assert is_same(drawn(scene, 0.0), first)
    assert is_same(drawn(scene, 1.0), last)


def test_related_images_move_into_each_other():
    first, last = shifted(20), shifted(32)
    scene = make_scene(first=first, last=last, motion="dolly_right", seconds=6)
    assert isinstance(scene, MorphScene)
    assert is_same(drawn(scene, 0.0), first)
    assert is_same(drawn(scene, 1.0), last)
    moved = tracked(first, drawn(scene, 0.5), grid_of_points()) - grid_of_points()
    assert np.median(moved[:, 0]) == pytest.approx(-6, abs=0.5)


def test_flow_is_found_in_another_light_and_not_between_unrelated_images():
    first = photo_planes()
    dark = Planes(*(np.asarray(plane // 2, np.uint8) for plane in first))
    flow = find_flow(first, dark)
    assert flow is not None
    assert np.median(np.abs(flow.forward)) < 1
    assert find_flow(first, photo_planes(2)) is None


def test_a_backward_warp_inverts_a_fraction_of_the_flow():
    flow = np.zeros((HEIGHT // CELL, WIDTH // CELL, 2), np.float32)
    flow[..., 0] = 10
    assert np.allclose(backward_warp(flow, 0.5)[..., 0], -5)
    assert not backward_warp(flow, 0.0).any()
