import re

import pytest

from generations.credits.models import Hold, LedgerEntry, PriceRow, Wallet
from generations.jobs.models import Generation
from generations.media.models import Asset
from tests.library.factories import make_asset
from tests.web.pages import HTMX, form_values, picture, words


@pytest.fixture
def send(client_of, bob, filled, studio):
    """Submit bob's form without JavaScript."""
    return lambda **changes: client_of(bob).post(studio, filled(**changes))


def test_submit_creates_a_job_and_redirects_to_the_list(send, funded, bob, still):
    response = send(camera_motion="jib_up", generate_audio=None)
    assert (response.status_code, response["Location"]) == (303, f"/t/{funded.slug}/jobs/")
    job = Generation.objects.get()
    assert (job.author, job.first_frame, job.prompt) == (bob, still, "The lantern sways.")
    assert (job.camera_motion, job.generate_audio, job.price) == ("jib_up", False, 78)
    assert Wallet.objects.get(team=funded).held == 78


def test_htmx_is_redirected_to_the_list(client_of, bob, funded, filled, studio):
    response = client_of(bob).post(studio, filled(), **HTMX)
    assert response["HX-Redirect"] == f"/t/{funded.slug}/jobs/"
    assert Generation.objects.count() == 1


def test_image_can_be_uploaded_with_the_form(client_of, bob, funded, filled, studio):
    client_of(bob).post(studio, {**filled(first_frame=None), "first_frame_file": picture(640, 360)})
    assert (Generation.objects.get().first_frame.width, Asset.objects.filter(team=funded).count()) == (640, 2)


def test_submitting_twice_creates_one_job(client_of, bob, funded, filled, studio):
    browser, values = client_of(bob), filled()
    assert [browser.post(studio, values).status_code for _ in range(2)] == [303, 303]
    assert Generation.objects.count() == 1
    assert Wallet.objects.get(team=funded).held == 78


def test_line_breaks_count_as_one_character(send, funded):
    prompt = "a\r\n" * 2500
    assert send(prompt=prompt).status_code == 303
    assert Generation.objects.get().prompt == "a\n" * 2499 + "a"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "  "}, "Enter a prompt."),
        ({"prompt": "x" * 5001}, "Prompt is too long: 5001 of 5,000 characters."),
        ({"first_frame": None}, "Add a first frame."),
        ({"first_frame": "x"}, "This image is no longer available"),
        ({"last_frame": "00000000-0000-0000-0000-000000000000"}, "This image is no longer available"),
        ({"duration": "20", "fps": "50"}, "LTX 2.5 Fast at 1080p landscape and 50 fps supports 6, 8, 10 seconds."),
        ({"model": "ltx-2-fast"}, "Must be one of LTX 2.5 Fast"),
        ({"resolution": "640x480"}, "LTX 2.5 Fast supports"),
        ({"camera_motion": "somersault"}, "Camera:"),
        ({"fps": "x"}, "Frame rate (fps): Enter a whole number."),
    ],
)
def test_invalid_form_shows_the_error_and_keeps_the_values(send, funded, changes, message):
    response = send(**{"prompt": "The lantern sways.", **changes})
    assert response.status_code == 422
    assert message in words(response)
    assert form_values(response)["prompt"] == changes.get("prompt", "The lantern sways.")
    assert not Generation.objects.exists()
    assert not Hold.objects.exists()


def test_uploaded_image_is_kept_when_the_form_is_invalid(client_of, bob, funded, filled, studio):
    response = client_of(bob).post(studio, {**filled(first_frame=None, prompt=""), "first_frame_file": picture()})
    again = form_values(response, prompt="Now with words.")
    assert Asset.objects.filter(pk=again["first_frame"]).exists()
    assert client_of(bob).post(studio, again).status_code == 303


def test_invalid_file_is_shown_at_its_slot(client_of, bob, funded, filled, studio):
    values = {**filled(first_frame=None), "first_frame_file": picture(kind="GIF", name="a.gif")}
    response = client_of(bob).post(studio, values)
    assert response.status_code == 422
    assert "First frame: Unsupported file type" in words(response)


def test_image_of_another_team_is_rejected(send, other_team, funded):
    assert send(first_frame=str(make_asset(other_team).pk)).status_code == 422
    assert not Generation.objects.exists()


def test_htmx_gets_only_the_form(client_of, bob, funded, filled, studio):
    response = client_of(bob).post(studio, filled(prompt=""), **HTMX)
    assert response.status_code == 422
    assert response.content.decode().startswith("<studio-form")


def test_increased_price_must_be_confirmed(send, client_of, bob, funded, studio):
    first = send(duration="10")
    assert first.status_code == 422
    assert "The price has changed to 130 credits." in words(first)
    assert not Hold.objects.exists()
    assert client_of(bob).post(studio, form_values(first)).status_code == 303
    assert Generation.objects.get().price == 130


def test_decreased_price_is_accepted(send, funded):
    assert send(model="ltx-2-3-fast").status_code == 303
    assert Generation.objects.get().price == 36


def test_model_without_a_price_is_rejected(send, funded):
    PriceRow.objects.filter(model="ltx-2-5-fast").delete()
    response = send()
    assert response.status_code == 422
    assert "No price is set for" in words(response)


def test_empty_wallet_is_a_402_with_details(send, team, alice):
    response = send(prompt="Keep me.")
    page = words(response)
    assert response.status_code == 402
    assert "Required 78 credits" in page
    assert "Available 0 credits" in page
    assert "Reserved (in progress) 0 credits" in page
    assert "Limit reached Team credits" in page
    assert f"Contact {alice.email}" in page
    assert form_values(response)["prompt"] == "Keep me."
    assert form_values(response)["first_frame"]
    assert not Generation.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_used_quota_is_a_402_with_the_reset_time(send, funded, bob, give_quota):
    give_quota(bob, 50)
    page = words(send())
    assert "This job needs 78 credits. Your limit has 50 credits left." in page
    assert "Limit reached Your credit limit" in page
    assert "Available 50 credits" in page
    assert re.search(r"Resets 1 [A-Z][a-z]+ 20\d\d, 00:00 \(UTC\)", page)
    assert "Use LTX 2.3 Fast (36 credits)" in page
    assert Wallet.objects.get(team=funded).held == 0


def test_htmx_gets_the_402_in_the_form(client_of, bob, team, filled, studio):
    response = client_of(bob).post(studio, filled(), **HTMX)
    assert response.status_code == 402
    assert response.content.decode().startswith("<studio-form")
    assert "Not enough credits" in words(response)


def test_only_members_who_may_generate_can_submit(client, client_of, rita, charlie, filled, studio):
    assert client_of(rita).post(studio, filled()).status_code == 403
    assert client_of(charlie).post(studio, filled()).status_code == 404
    assert client.post(studio, filled()).status_code == 302
    assert not Generation.objects.exists()
