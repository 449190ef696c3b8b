from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.contract.rules import InvalidRequestError, parse_request, validate
from generations.contract.support import SUPPORT

IMAGE_URI = "ltx://uploads/abc"
GOOD: dict[str, Any] = {
    "image_uri": IMAGE_URI,
    "prompt": "The lantern sways.",
    "model": "ltx-2-3-fast",
    "duration": 6,
    "resolution": "1280x720",
}


def fields(body: object, **options: Any) -> set[str]:
    return {violation.field for violation in validate(body, **options)}


def test_a_good_request_has_no_violations() -> None:
    assert validate(GOOD) == []
    request = parse_request(GOOD)
    assert (request.fps, request.generate_audio, request.camera_motion) == (24, True, None)


def test_integral_floats_are_integers_and_unknown_fields_are_ignored() -> None:
    request = parse_request({**GOOD, "duration": 6.0, "fps": 25.0, "seed": 7, "negative_prompt": None})
    assert (request.duration, request.fps) == (6, 25)


@pytest.mark.parametrize("missing", ["image_uri", "prompt", "model", "duration", "resolution"])
def test_a_missing_required_field_is_named(missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    assert missing in fields(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "x" * 5001),
        ("prompt", None),
        ("prompt", "a\0b"),
        ("model", "ltx-9"),
        ("model", 3),
        ("duration", 7),
        ("duration", 6.5),
        ("duration", "6"),
        ("duration", True),
        ("duration", None),
        ("resolution", "1281x720"),
        ("resolution", ["1280x720"]),
        ("fps", 30),
        ("fps", float("nan")),
        ("fps", float("inf")),
        ("camera_motion", "zoom"),
        ("generate_audio", "yes"),
        ("generate_audio", 1),
        ("image_uri", ""),
        ("image_uri", "http://example.com/a.png"),
        ("image_uri", "https://127.0.0.1/a.png"),
        ("image_uri", "https://[::1]/a.png"),
        ("image_uri", "https://2130706433/a.png"),
        ("image_uri", "https://0x7f.1/a.png"),
        ("image_uri", "https://localhost/a.png"),
        ("image_uri", "https://user:pass@example.com/a.png"),
        ("image_uri", "https://[broken/a.png"),
        ("image_uri", "file:///etc/passwd"),
        ("image_uri", "data:image/gif;base64,R0lGOD=="),
        ("image_uri", "data:image/png,plain"),
        ("image_uri", "data:image/png;base64,!!!"),
        ("image_uri", "data:image/png;base64," + "A" * 7_000_000),
        ("image_uri", "ltx://uploads/../x"),
        ("last_frame_uri", "ftp://example.com/a.png"),
    ],
)
def test_the_field_of_a_bad_value_is_named(field: str, value: Any) -> None:
    assert field in fields({**GOOD, field: value})


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_a_body_that_is_not_an_object_is_one_violation(body: object) -> None:
    assert fields(body) == {""}


def test_all_violations_are_reported_at_once() -> None:
    body = {**GOOD, "prompt": "x" * 5001, "duration": 7, "camera_motion": "up", "image_uri": "nowhere"}
    assert fields(body) == {"prompt", "duration", "camera_motion", "image_uri"}


def test_retired_models_have_no_default_frame_rate_and_no_last_frame() -> None:
    body = {**GOOD, "model": "ltx-2-fast", "resolution": "1920x1080", "last_frame_uri": IMAGE_URI}
    assert fields(body) == {"fps", "last_frame_uri"}
    assert validate({**body, "fps": 25, "last_frame_uri": None}) == []


def test_only_the_newest_family_without_a_last_frame_may_omit_the_duration() -> None:
    body = {**GOOD, "model": "ltx-2-5-pro", "duration": None}
    assert validate(body) == []
    assert fields({**body, "last_frame_uri": IMAGE_URI}) == {"duration"}


def test_only_available_models_are_accepted() -> None:
    assert fields(GOOD, models=["ltx-2-5-pro"]) == {"model"}
    with pytest.raises(InvalidRequestError, match="model: must be one of ltx-2-5-pro"):
        parse_request(GOOD, models=["ltx-2-5-pro"])


EVERY = list(
    product(
        SUPPORT.models,
        SUPPORT.resolutions,
        sorted({f for m in SUPPORT.models.values() for f in m.all_fps}),
        sorted({s for m in SUPPORT.models.values() for s in m.all_seconds}),
    )
)


@given(st.sampled_from(EVERY))
def test_exactly_the_rows_of_the_matrix_are_accepted(combination: tuple[str, str, int, int]) -> None:
    model, resolution, fps, seconds = combination
    is_in_data = any(
        resolution in row.resolutions and fps in row.fps and seconds in row.seconds
        for row in SUPPORT.models[model].matrix
    )
    body = {**GOOD, "model": model, "resolution": resolution, "fps": fps, "duration": seconds}
    assert (validate(body) == []) == is_in_data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "fps", "last_frame_uri", "camera_motion", "generate_audio"]), JSON))
def test_the_validator_handles_every_body(body: dict[str, Any]) -> None:
    violations = validate(body)
    if not violations:
        parse_request(body)
