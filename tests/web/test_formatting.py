from datetime import timedelta

import pytest
from django.utils import timezone

from generations.contract.support import SUPPORT
from generations.jobs.models import State
from generations.web import formatting


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (1234567, "1,234,567"), (-36, "−36")])
def test_figures_have_separators_and_a_true_minus(number, text):
    assert formatting.figure(number) == text


@pytest.mark.parametrize(("number", "text"), [(1000, "+1,000"), (0, "0"), (-36, "−36")])
def test_changes_have_a_sign(number, text):
    assert formatting.signed(number) == text


def test_one_credit_is_one():
    assert [formatting.in_credits(number) for number in (0, 1, 2)] == ["0 credits", "1 credit", "2 credits"]


@pytest.mark.parametrize(
    ("model", "name"), [("ltx-2-3-fast", "LTX 2.3 Fast"), ("ltx-2-pro", "LTX 2 Pro"), ("other", "other")]
)
def test_models_have_names(model, name):
    assert formatting.model_name(model) == name


def test_no_id_of_the_contract_is_left_in_a_sentence():
    for model in SUPPORT.models:
        for resolution in SUPPORT.resolutions:
            said = formatting.humanize(f"{model} does not support {resolution}")
            assert model not in said
            assert resolution not in said
            assert "2160p" not in said


def test_every_motion_of_the_contract_has_words():
    assert set(formatting.MOTIONS) == {"", *SUPPORT.camera_motions}


def test_every_state_has_a_tone():
    tones = {state: formatting.state_class(state) for state in State}
    assert tones[State.QUEUED] == tones[State.PARKED] == "waiting"
    assert tones[State.PROCESSING] == tones[State.UNCONFIRMED] == "active"
    assert tones[State.FAILED] == "failed"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (6, "0:06"), (75.9, "1:15"), (3600, "1:00:00"), (-5, "0:00")]
)
def test_clocks_count_up(seconds, text):
    assert formatting.clock(seconds) == text
    assert formatting.clock(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=6), "6 d ago"),
    ],
)
def test_ages_are_short(age, text):
    assert formatting.ago(timezone.now() - age) == text


def test_after_a_week_the_date_is_said():
    moment = timezone.now() - timedelta(days=8)
    assert formatting.ago(moment) == f"{moment:%-d %b %Y}"
