import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generations.contract.crop import cover_crop
from generations.contract.support import SUPPORT, size_of
from generations.engine.images import cover


@given(st.integers(1, 12_000), st.integers(1, 12_000), st.sampled_from(SUPPORT.resolutions))
def test_the_crop_lies_within_about_the_centre_and_touches_two_sides(width, height, resolution):
    crop = cover_crop(width, height, resolution)
    assert crop.x >= 0 <= crop.y
    assert abs((width - crop.width) - 2 * crop.x) <= 1
    assert abs((height - crop.height) - 2 * crop.y) <= 1
    assert crop.width == width or crop.height == height
    frame = size_of(resolution)
    assert abs(crop.width - crop.height * frame[0] / frame[1]) <= max(1, frame[0] / frame[1])


@pytest.mark.parametrize("size", [(1600, 900), (1000, 1000), (600, 1200), (3000, 400)])
@pytest.mark.parametrize("resolution", ["1280x720", "720x1280"])
def test_it_is_the_part_that_the_engine_shows(size, resolution):
    crop = cover_crop(*size, resolution)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    still = Image.fromarray(np.stack([x * 255 // size[0], y * 255 // size[1], x * 0], axis=-1).astype(np.uint8))
    shown = np.asarray(cover(still, *size_of(resolution))).astype(int)
    box = (crop.x, crop.y, crop.x + crop.width, crop.y + crop.height)
    cut = np.asarray(still.crop(box).resize(size_of(resolution), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(shown - cut).max() <= 3
