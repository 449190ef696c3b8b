from hypothesis import given
from hypothesis import strategies as st

from generations.contract.choices import Selection, choices
from generations.contract.rules import validate
from generations.contract.support import SUPPORT

ANY = st.builds(
    Selection,
    model=st.sampled_from([*SUPPORT.models, "unknown"]),
    resolution=st.sampled_from([*SUPPORT.resolutions, "1x1", "nonsense"]),
    fps=st.sampled_from([0, 24, 25, 30, 48, 50]),
    duration=st.integers(0, 30),
)
OFFERS = st.lists(st.sampled_from(list(SUPPORT.models)), min_size=1, unique=True)


def is_valid(selection: Selection) -> bool:
    body = {"image_uri": "ltx://uploads/a", "prompt": "x", **vars(selection)}
    return validate(body) == []


@given(ANY, OFFERS)
def test_every_selection_settles_on_a_valid_one(wanted: Selection, models: list[str]) -> None:
    settled = choices(wanted, models=models).selection
    assert settled.model in models
    assert is_valid(settled)


@given(ANY)
def test_a_valid_selection_stays_as_it_is(wanted: Selection) -> None:
    found = choices(wanted, models=list(SUPPORT.models))
    if wanted.model in SUPPORT.models and is_valid(wanted):
        assert (found.selection, found.moves) == (wanted, ())


@given(ANY, OFFERS)
def test_an_option_is_allowed_exactly_when_choosing_it_is_valid(wanted: Selection, models: list[str]) -> None:
    found = choices(wanted, models=models)
    settled = found.selection
    for option in found.durations:
        assert option.is_allowed == is_valid(Selection(settled.model, settled.resolution, settled.fps, option.value))
    model = SUPPORT.models[settled.model]
    assert {o.value for o in found.fps if o.is_allowed} == set(model.fps(settled.resolution))
    assert {o.value for o in found.resolutions if o.is_allowed} == set(model.resolutions)


@given(ANY, OFFERS)
def test_exactly_one_option_of_each_field_is_selected_and_it_is_allowed(wanted: Selection, models: list[str]) -> None:
    found = choices(wanted, models=models)
    for options in (found.models, found.resolutions, found.fps, found.durations):
        assert [option.is_allowed for option in options if option.is_selected] == [True]


def test_a_move_says_from_what_to_what_and_why() -> None:
    found = choices(Selection("ltx-2-3-fast", "1280x720", 50, 20))
    assert found.selection.duration == 10
    (move,) = found.moves
    assert (move.field, move.old, move.new) == ("duration", 20, 10)
    assert move.reason == "20 seconds need 24 or 25 fps at 720p or 1080p"


def test_a_change_of_model_keeps_the_orientation() -> None:
    found = choices(Selection("ltx-2-5-pro", "720x1280", 24, 6), models=["ltx-2-3-fast"])
    assert found.selection.resolution == "720x1280"


def test_a_retired_model_takes_no_last_frame() -> None:
    found = choices(Selection("ltx-2-fast", "1920x1080", 25, 6), models=["ltx-2-fast"])
    assert not found.has_last_frame
    assert found.last_frame_reason == "ltx-2-fast takes no last frame"
