import pytest
from django.template.loader import render_to_string
from django.test import Client

from generations.credits.models import OfferedModel
from tests.web.pages import HTMX, words


def test_unknown_page_is_a_404_page(client, db):
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "Page not found" in words(page)
    assert "css/tokens" in page.content.decode()


def test_foreign_team_looks_like_an_unknown_page(client_of, charlie, team):
    browser = client_of(charlie)
    foreign, missing = browser.get(f"/t/{team.slug}/gallery/"), browser.get("/nowhere")
    assert "It may have been removed, or you may not have access." in words(foreign)
    assert words(foreign) == words(missing)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "é"])
def test_invalid_cursor_is_a_400(client_of, bob, team, cursor):
    for page in ("jobs", "gallery"):
        response = client_of(bob).get(f"/t/{team.slug}/{page}/?after={cursor}")
        assert response.status_code == 400
        assert "page link is no longer valid" in words(response)


def test_htmx_gets_the_error_as_a_message(client_of, bob, team):
    response = client_of(bob).get(f"/t/{team.slug}/gallery/?after=x", **HTMX)
    assert response.status_code == 400
    assert response["HX-Retarget"] == "#messages"
    assert "<html" not in response.content.decode()
    assert "page link is no longer valid" in words(response)


def test_expired_form_is_a_403(bob, team):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob)
    response = browser.post(f"/t/{team.slug}/studio/", {"prompt": "x"})
    assert response.status_code == 403
    assert "has expired" in words(response)


def test_too_large_form_is_a_413(client_of, bob, studio):
    response = client_of(bob).post(
        studio, "prompt=" + "x" * 1_100_000, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 413
    assert "too large" in words(response)


def test_studio_without_models_is_a_503(client_of, bob, studio, team):
    OfferedModel.objects.update(is_on=False)
    response = client_of(bob).get(studio)
    assert response.status_code == 503
    assert "No models are available" in words(response)


def test_page_for_internal_errors_needs_no_context():
    assert "Something went wrong" in render_to_string("500.html")
