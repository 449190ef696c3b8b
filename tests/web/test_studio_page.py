"""The studio page for every selection of the contract."""

from hypothesis import given
from hypothesis import strategies as st

from generations.contract.choices import Selection, form_choices
from generations.contract.support import SUPPORT, credits_per_second
from generations.credits.balances import Balance
from generations.credits.prices import PriceList
from generations.web.studio.images import ImageSlot
from generations.web.studio.page import StudioPage

MODELS = list(SUPPORT.current_models)
PRICES = PriceList(
    {
        (name, tier): credits_per_second(usd)
        for name, model in SUPPORT.models.items()
        for tier, usd in model.usd_per_second.items()
    },
    offered=frozenset(SUPPORT.models),
)

selections = st.builds(
    Selection,
    model=st.sampled_from([*SUPPORT.models]),
    resolution=st.sampled_from(SUPPORT.resolutions),
    fps=st.sampled_from([24, 25, 48, 50]),
    duration=st.integers(1, 30),
)


def page(selection: Selection, posted: int) -> StudioPage:
    slots = tuple(ImageSlot(name) for name in ("first_frame", "last_frame"))
    return StudioPage(
        values={"camera_motion": ""},
        slots=slots,
        choices=form_choices(selection, models=MODELS),
        models=MODELS,
        prices=PRICES,
        balance=Balance(posted=posted, held=0, quota=None),
    )


@given(selections, st.integers(0, 900))
def test_suggestion_is_affordable_and_changes_one_field(selection, posted):
    studio = page(selection, posted)
    if studio.suggestion is None:
        return
    now = studio.choices.selection
    value = studio.suggestion.value
    changed = Selection(**{**vars(now), studio.suggestion.field: type(getattr(now, studio.suggestion.field))(value)})
    settled = form_choices(changed, models=MODELS)
    assert settled.adjustments == ()
    assert page(changed, posted).price <= posted


@given(selections)
def test_without_credits_nothing_is_suggested(selection):
    studio = page(selection, 0)
    assert studio.has_insufficient_credits
    assert studio.suggestion is None


@given(selections)
def test_every_group_has_one_selected_available_option(selection):
    for group in page(selection, 500).groups:
        chosen = [option for option in group.options if option.is_selected]
        assert len(chosen) == 1, group.name
        assert chosen[0].reason == ""


@given(selections)
def test_unavailable_options_have_a_reason_below_their_group(selection):
    for group in page(selection, 500).groups:
        assert bool(group.reasons) == any(option.reason for option in group.options), group.name
        assert all(reason[0].isupper() or reason[0].isdigit() for reason in group.reasons)


@given(selections)
def test_every_change_is_shown_at_its_group(selection):
    studio = page(selection, 500)
    shown = {group.name for group in studio.groups if group.change}
    assert shown == {move.field for move in studio.choices.adjustments}
