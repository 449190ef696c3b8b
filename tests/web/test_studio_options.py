import pytest

from generations.credits.models import Quota
from tests.web.pages import HTMX, forbidden_options, form_values, picture, words


@pytest.fixture
def options(studio) -> str:
    return f"{studio}options"


@pytest.fixture
def change(client_of, bob, funded, filled, options):
    """Change bob's form and return the response to htmx."""
    return lambda **changes: client_of(bob).post(options, filled(**changes), **HTMX)


def test_change_returns_options_and_price(change):
    response = change(model="ltx-2-3-pro", duration="10")
    assert "<html" not in response.content.decode()
    assert "Generate · 80 credits 920 credits left after this" in words(response)


def test_automatic_change_is_explained(change):
    response = change(duration="20", fps="48")
    assert form_values(response)["duration"] == "10"
    assert "Duration was set to 10 s, because 20 seconds require 24 or 25 fps at 720p or 1080p." in words(response)


def test_unavailable_options_are_disabled_with_a_reason(change):
    response = change(resolution="3840x2160")
    assert forbidden_options(response, "duration") == ["12", "14", "16", "18", "20"]
    assert "12–20 seconds require 24 or 25 fps at 720p or 1080p." in words(response)
    assert 'title="20 seconds require 24 or 25 fps at 720p or 1080p"' in response.content.decode()


def test_changed_settings_get_a_new_idempotency_key(change, filled):
    assert form_values(change())["idempotency_key"] != filled()["idempotency_key"]


def test_enlarged_image_is_noted(change):
    assert "enlarged 2.0×" in words(change(resolution="3840x2160"))
    assert "enlarged" not in words(change(resolution="1280x720"))


def test_affordable_suggestion_can_be_accepted(client_of, bob, funded, filled, options, give_quota):
    give_quota(bob, 130)
    browser = client_of(bob)
    response = browser.post(options, filled(duration="20"), **HTMX)
    assert "Your limit has 130 credits left." in words(response)
    assert "Use 10 seconds (130 credits)" in words(response)
    accepted = browser.post(options, form_values(response, suggestion="duration:10"), **HTMX)
    assert form_values(accepted)["duration"] == "10"
    assert "130 credits 0 credits left after this" in words(accepted)


@pytest.mark.parametrize(("role", "quota"), [("creator", "Your role's limit"), ("", "The team's default limit")])
def test_limiting_quota_is_named(role, quota, client_of, bob, funded, filled, options):
    Quota.objects.create(team=funded, role=role, cap=130, max_seconds=30, max_tier="1080p")
    text = words(client_of(bob).post(options, filled(duration="20"), **HTMX))
    assert f"{quota} has 130 credits left." in text
    assert f"{quota} allows resolutions up to 1080p." in text


def test_without_htmx_the_whole_page_keeps_all_values(client_of, bob, funded, filled, options):
    values = filled(prompt="A long way.\nBy train.", camera_motion="dolly_in", generate_audio=None)
    page = client_of(bob).post(options, {**values, "last_frame_file": picture()})
    assert page.status_code == 200
    back = form_values(page)
    assert back["prompt"] == "A long way.\nBy train."
    assert back["camera_motion"] == "dolly_in"
    assert "generate_audio" not in back
    assert back["first_frame"] == values["first_frame"]
    assert back["last_frame"]


def test_image_can_be_removed_without_javascript(client_of, bob, filled, options):
    assert "first_frame" not in form_values(client_of(bob).post(options, filled(remove="first_frame")))


@pytest.mark.parametrize(
    "junk",
    [
        {"model": "no-such-model", "resolution": "1x1", "fps": "x", "duration": ""},
        {"fps": "9" * 40, "duration": "-1", "quoted": "x", "suggestion": "prompt:x", "first_frame": "x"},
        {"suggestion": "duration:nonsense", "resolution": "1920x1080\x00"},
    ],
)
def test_invalid_values_become_defaults(client_of, bob, filled, options, junk):
    response = client_of(bob).post(options, filled(**junk))
    assert response.status_code == 200
    assert form_values(response)["model"] == "ltx-2-5-fast"


def test_reload_redirects_to_the_studio(client_of, bob, options, studio):
    assert client_of(bob).get(options)["Location"] == studio
