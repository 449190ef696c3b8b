from decimal import Decimal
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from generations.contract.prices import credits_per_second, price
from generations.contract.schemas import CameraMotion
from generations.contract.support import SUPPORT, size_of


def test_both_retired_models_are_known_but_not_current() -> None:
    assert len(SUPPORT.models) == 6
    assert set(SUPPORT.models) - set(SUPPORT.current_models) == {"ltx-2-fast", "ltx-2-pro"}


def test_every_size_of_the_matrix_has_a_tier_and_a_price() -> None:
    for model in SUPPORT.models.values():
        for resolution in model.resolutions:
            assert model.usd_per_second[SUPPORT.tier(resolution)] > 0


def test_the_schema_knows_the_camera_motions_of_the_data() -> None:
    assert get_args(CameraMotion) == SUPPORT.camera_motions


def test_the_data_has_its_dates() -> None:
    assert SUPPORT.matrix_as_of.year == SUPPORT.prices_as_of.year == 2026


def test_sizes_are_width_and_height() -> None:
    assert size_of("1280x720") == (1280, 720)


def test_a_video_costs_the_vendors_price_in_cents() -> None:
    models = SUPPORT.models
    assert price(models["ltx-2-3-fast"].usd_per_second["720p"], 6) == 18
    assert price(models["ltx-2-5-pro"].usd_per_second["2160p"], 10) == 390


@given(st.decimals(min_value="0.0001", max_value="10", places=4), st.integers(1, 60))
def test_a_price_rounds_up_by_less_than_a_credit_a_second(usd: Decimal, seconds: int) -> None:
    exact = usd * 100 * seconds
    assert exact <= price(usd, seconds) < exact + seconds
    assert credits_per_second(usd) >= 1
