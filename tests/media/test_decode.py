"""Whatever arrives, decoding ends in pixels or in a refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.media.decode import BadStillError, decode_still
from tests.media.pictures import animated, jpeg, png, sixteen_bits, swapped_profile, turned, webp, with_metadata

SEEDS = [
    jpeg(),
    jpeg(progressive=True),
    png(),
    png(icc_profile=swapped_profile()),
    webp(),
    webp(lossless=True),
    sixteen_bits(),
    turned(6),
    animated("PNG"),
    *with_metadata().values(),
]


@st.composite
def damaged_pictures(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300)
@given(damaged_pictures())
def test_damage_never_becomes_a_crash(data: bytes):
    try:
        pixels = decode_still(data)
    except BadStillError:
        return
    assert pixels.image.mode == "RGB"
