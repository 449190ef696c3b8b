import pytest
from django.template.loader import render_to_string
from django.test import Client

from generations.credits.models import OfferedModel
from tests.web.pages import HTMX, words


def test_an_unknown_page_is_a_404_in_the_look_of_the_product(client, db):
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "There is nothing here" in words(page)
    assert "css/tokens" in page.content.decode()


def test_a_team_of_others_is_told_in_the_words_of_a_page_that_is_not_there(client_of, charlie, team):
    browser = client_of(charlie)
    foreign, missing = browser.get(f"/t/{team.slug}/gallery/"), browser.get("/nowhere")
    assert "The page is gone, or it is not for you to see." in words(foreign)
    assert words(foreign) == words(missing)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "é"])
def test_a_broken_page_link_says_so(client_of, bob, team, cursor):
    for page in ("jobs", "gallery"):
        answer = client_of(bob).get(f"/t/{team.slug}/{page}/?after={cursor}")
        assert answer.status_code == 400
        assert "page link is no longer valid" in words(answer)


def test_htmx_gets_the_words_as_a_notice(client_of, bob, team):
    answer = client_of(bob).get(f"/t/{team.slug}/gallery/?after=x", **HTMX)
    assert answer.status_code == 400
    assert answer["HX-Retarget"] == "#messages"
    assert "<html" not in answer.content.decode()
    assert "page link is no longer valid" in words(answer)


def test_a_form_that_is_out_of_date_says_so(bob, team):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob)
    answer = browser.post(f"/t/{team.slug}/studio/", {"prompt": "x"})
    assert answer.status_code == 403
    assert "out of date" in words(answer)


def test_a_form_that_is_too_large_is_a_413(client_of, bob, studio):
    answer = client_of(bob).post(studio, "prompt=" + "x" * 1_100_000, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert "too large" in words(answer)


def test_a_studio_without_models_says_so(client_of, bob, studio, team):
    OfferedModel.objects.update(is_on=False)
    answer = client_of(bob).get(studio)
    assert answer.status_code == 503
    assert "No model is on offer" in words(answer)


def test_the_page_for_our_own_faults_needs_nothing():
    assert "Something went wrong" in render_to_string("500.html")
