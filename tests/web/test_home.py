from django.test import Client

from generations.accounts.models import Membership
from generations.accounts.teams import create_team
from tests.web.pages import words


def test_visitors_see_the_start_page(client: Client, db):
    page = client.get("/")
    assert page.status_code == 200
    assert "Sign in" in words(page)


def test_creator_is_redirected_to_the_studio(client_of, bob, team):
    assert client_of(bob).get("/")["Location"] == f"/t/{team.slug}/studio/"


def test_reviewer_is_redirected_to_the_gallery(client_of, rita, team):
    assert client_of(rita).get("/")["Location"] == f"/t/{team.slug}/gallery/"


def test_last_team_is_remembered(client_of, alice, team):
    create_team(name="Newer", owner=alice)
    browser = client_of(alice)
    browser.get(f"/t/{team.slug}/jobs/")
    assert browser.get("/")["Location"] == f"/t/{team.slug}/studio/"


def test_former_team_is_forgotten(client_of, bob, team):
    browser = client_of(bob)
    browser.get(f"/t/{team.slug}/gallery/")
    Membership.objects.filter(user=bob).delete()
    assert "You're not in a team yet" in words(browser.get("/"))


def test_team_url_redirects_to_its_start_page(client_of, bob, charlie, team):
    assert client_of(bob).get(f"/t/{team.slug}/")["Location"] == f"/t/{team.slug}/studio/"
    assert client_of(charlie).get(f"/t/{team.slug}/").status_code == 404
