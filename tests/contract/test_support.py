from decimal import Decimal
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generations.contract.schemas import CameraMotion
from generations.contract.support import SUPPORT, cover_crop, credits_per_second, price, size_of
from generations.engine.images import cover


def test_both_retired_models_are_known_but_not_current() -> None:
    assert len(SUPPORT.models) == 6
    assert set(SUPPORT.models) - set(SUPPORT.current_models) == {"ltx-2-fast", "ltx-2-pro"}


def test_every_size_of_the_matrix_has_a_tier_and_a_price() -> None:
    for model in SUPPORT.models.values():
        for resolution in model.resolutions:
            assert model.usd_per_second[SUPPORT.tier(resolution)] > 0


def test_the_schema_has_the_camera_motions_of_the_data() -> None:
    assert get_args(CameraMotion) == SUPPORT.camera_motions


def test_the_data_has_its_dates() -> None:
    assert SUPPORT.matrix_as_of.year == SUPPORT.prices_as_of.year == 2026


def test_sizes_are_width_and_height() -> None:
    assert size_of("1280x720") == (1280, 720)


def test_a_video_costs_the_price_of_the_provider_in_cents() -> None:
    models = SUPPORT.models
    assert price(models["ltx-2-3-fast"].usd_per_second["720p"], 6) == 18
    assert price(models["ltx-2-5-pro"].usd_per_second["2160p"], 10) == 390


@given(st.decimals(min_value="0.0001", max_value="10", places=4), st.integers(1, 60))
def test_a_price_is_rounded_up_by_less_than_a_credit_per_second(usd: Decimal, seconds: int) -> None:
    exact = usd * 100 * seconds
    assert exact <= price(usd, seconds) < exact + seconds
    assert credits_per_second(usd) >= 1


@given(st.integers(1, 12_000), st.integers(1, 12_000), st.sampled_from(SUPPORT.resolutions))
def test_the_crop_is_centered_and_touches_two_sides(width, height, resolution):
    crop = cover_crop(width, height, resolution)
    assert crop.x >= 0 <= crop.y
    assert abs((width - crop.width) - 2 * crop.x) <= 1
    assert abs((height - crop.height) - 2 * crop.y) <= 1
    assert crop.width == width or crop.height == height
    frame = size_of(resolution)
    assert abs(crop.width - crop.height * frame[0] / frame[1]) <= max(1, frame[0] / frame[1])


@pytest.mark.parametrize("size", [(1600, 900), (1000, 1000), (600, 1200), (3000, 400)])
@pytest.mark.parametrize("resolution", ["1280x720", "720x1280"])
def test_the_crop_is_what_the_engine_shows(size, resolution):
    crop = cover_crop(*size, resolution)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    image = Image.fromarray(np.stack([x * 255 // size[0], y * 255 // size[1], x * 0], axis=-1).astype(np.uint8))
    shown = np.asarray(cover(image, *size_of(resolution))).astype(int)
    box = (crop.x, crop.y, crop.x + crop.width, crop.y + crop.height)
    cut = np.asarray(image.crop(box).resize(size_of(resolution), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(shown - cut).max() <= 3
