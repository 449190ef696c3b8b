from hypothesis import given
from hypothesis import strategies as st

from generations.contract.choices import Selection, form_choices
from generations.contract.rules import validate
from generations.contract.support import SUPPORT

ANY = st.builds(
    Selection,
    model=st.sampled_from([*SUPPORT.models, "unknown"]),
    resolution=st.sampled_from([*SUPPORT.resolutions, "1x1", "nonsense"]),
    fps=st.sampled_from([0, 24, 25, 30, 48, 50]),
    duration=st.integers(0, 30),
)
AVAILABLE = st.lists(st.sampled_from(list(SUPPORT.models)), min_size=1, unique=True)


def is_valid(selection: Selection) -> bool:
    body = {"image_uri": "ltx://uploads/a", "prompt": "x", **vars(selection)}
    return validate(body) == []


@given(ANY, AVAILABLE)
def test_every_selection_is_adjusted_to_a_valid_one(requested: Selection, models: list[str]) -> None:
    adjusted = form_choices(requested, models=models).selection
    assert adjusted.model in models
    assert is_valid(adjusted)


@given(ANY)
def test_a_valid_selection_is_not_changed(requested: Selection) -> None:
    found = form_choices(requested, models=list(SUPPORT.models))
    if requested.model in SUPPORT.models and is_valid(requested):
        assert (found.selection, found.adjustments) == (requested, ())


@given(ANY, AVAILABLE)
def test_an_option_is_allowed_exactly_if_it_is_valid(requested: Selection, models: list[str]) -> None:
    found = form_choices(requested, models=models)
    adjusted = found.selection
    for option in found.durations:
        assert option.is_allowed == is_valid(Selection(adjusted.model, adjusted.resolution, adjusted.fps, option.value))
    model = SUPPORT.models[adjusted.model]
    assert {o.value for o in found.fps if o.is_allowed} == set(model.fps(adjusted.resolution))
    assert {o.value for o in found.resolutions if o.is_allowed} == set(model.resolutions)


@given(ANY, AVAILABLE)
def test_one_allowed_option_of_each_field_is_selected(requested: Selection, models: list[str]) -> None:
    found = form_choices(requested, models=models)
    for options in (found.models, found.resolutions, found.fps, found.durations):
        assert [option.is_allowed for option in options if option.is_selected] == [True]


def test_an_adjustment_has_both_values_and_a_reason() -> None:
    found = form_choices(Selection("ltx-2-3-fast", "1280x720", 50, 20))
    assert found.selection.duration == 10
    (adjustment,) = found.adjustments
    assert (adjustment.field, adjustment.old, adjustment.new) == ("duration", 20, 10)
    assert adjustment.reason == "20 seconds require 24 or 25 fps at 720p or 1080p"


def test_a_change_of_model_keeps_the_orientation() -> None:
    found = form_choices(Selection("ltx-2-5-pro", "720x1280", 24, 6), models=["ltx-2-3-fast"])
    assert found.selection.resolution == "720x1280"


def test_a_retired_model_does_not_support_a_last_frame() -> None:
    found = form_choices(Selection("ltx-2-fast", "1920x1080", 25, 6), models=["ltx-2-fast"])
    assert not found.has_last_frame
    assert found.last_frame_reason == "ltx-2-fast does not support a last frame"
