from datetime import timedelta

import pytest
from django.utils import timezone

from generations.contract.support import SUPPORT
from generations.jobs.models import State
from generations.web import formatting

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (1234567, "1,234,567"), (-36, "−36")])
def test_figure_has_separators_and_a_minus_sign(number, text):
    assert formatting.figure(number) == text


@pytest.mark.parametrize(("number", "text"), [(1000, "+1,000"), (0, "0"), (-36, "−36")])
def test_signed_shows_the_sign(number, text):
    assert formatting.signed(number) == text


def test_one_credit_is_singular():
    assert [formatting.in_credits(number) for number in (0, 1, 2)] == ["0 credits", "1 credit", "2 credits"]


@pytest.mark.parametrize(
    ("model", "name"), [("ltx-2-3-fast", "LTX 2.3 Fast"), ("ltx-2-pro", "LTX 2 Pro"), ("other", "other")]
)
def test_model_name(model, name):
    assert formatting.model_name(model) == name


def test_humanize_replaces_all_ids():
    for model in SUPPORT.models:
        for resolution in SUPPORT.resolutions:
            sentence = formatting.humanize(f"{model} does not support {resolution}")
            assert model not in sentence
            assert resolution not in sentence
            assert "2160p" not in sentence


def test_every_camera_motion_has_a_label():
    assert set(formatting.MOTIONS) == {"", *SUPPORT.camera_motions}


def test_every_state_has_a_class():
    classes = {state: formatting.state_class(state) for state in State}
    assert classes[State.QUEUED] == classes[State.PARKED] == "waiting"
    assert classes[State.PROCESSING] == classes[State.UNCONFIRMED] == "active"
    assert classes[State.FAILED] == "failed"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (6, "0:06"), (75.9, "1:15"), (3600, "1:00:00"), (-5, "0:00")]
)
def test_clock(seconds, text):
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
def test_ago(age, text):
    assert formatting.ago(timezone.now() - age) == text


def test_ago_is_a_date_after_a_week():
    moment = timezone.now() - timedelta(days=8)
    assert formatting.ago(moment) == f"{moment:%-d %b %Y}"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
    ],
)
def test_browser_name(user_agent, name):
    assert formatting.browser_name(user_agent) == name
