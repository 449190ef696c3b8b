from django.test import Client

from generations.accounts.models import Membership
from generations.accounts.teams import create_team
from tests.web.pages import words


def test_it_greets_strangers(client: Client, db):
    page = client.get("/")
    assert page.status_code == 200
    assert "Sign in" in words(page)


def test_it_leads_a_creator_to_the_studio(client_of, bob, team):
    assert client_of(bob).get("/")["Location"] == f"/t/{team.slug}/studio/"


def test_it_leads_a_reviewer_to_the_gallery(client_of, rita, team):
    assert client_of(rita).get("/")["Location"] == f"/t/{team.slug}/gallery/"


def test_it_remembers_the_last_team(client_of, alice, team):
    create_team(name="Newer", owner=alice)
    browser = client_of(alice)
    browser.get(f"/t/{team.slug}/jobs/")
    assert browser.get("/")["Location"] == f"/t/{team.slug}/studio/"


def test_it_forgets_a_team_that_was_left(client_of, bob, team):
    browser = client_of(bob)
    browser.get(f"/t/{team.slug}/gallery/")
    Membership.objects.filter(user=bob).delete()
    assert "You're not in a team yet" in words(browser.get("/"))


def test_a_team_leads_to_its_work(client_of, bob, charlie, team):
    assert client_of(bob).get(f"/t/{team.slug}/")["Location"] == f"/t/{team.slug}/studio/"
    assert client_of(charlie).get(f"/t/{team.slug}/").status_code == 404
