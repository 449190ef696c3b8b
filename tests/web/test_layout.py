import re

import pytest
from django.db.models.functions import Now

from generations.accounts.models import Membership, User
from generations.accounts.teams import create_team
from tests.library.factories import make_generation
from tests.web.pages import links, words

TEAM_PAGES = ("studio", "jobs", "gallery", "credits")


def address(team, name: str) -> str:
    return f"/t/{team.slug}/{name}/"


@pytest.mark.parametrize("name", TEAM_PAGES)
def test_visitors_are_redirected_to_sign_in(client, team, name):
    response = client.get(address(team, name))
    assert response["Location"] == f"/account/login/?next={address(team, name)}"


@pytest.mark.parametrize("name", TEAM_PAGES)
def test_unsupported_method_is_a_405(client_of, bob, team, name):
    response = client_of(bob).delete(address(team, name))
    assert response.status_code == 405
    assert "GET" in response["Allow"]
    assert "can't be opened this way" in words(response)


def test_reviewer_sees_only_pages_of_the_role(client_of, rita, team):
    found = links(client_of(rita).get(address(team, "gallery")))
    assert address(team, "credits") in found
    assert address(team, "studio") not in found
    assert address(team, "jobs") not in found


@pytest.mark.parametrize("name", ["studio", "jobs"])
def test_reviewer_gets_a_403_with_the_reason(client_of, rita, team, name):
    response = client_of(rita).get(address(team, name))
    assert response.status_code == 403
    assert "You don't have permission" in words(response)


def test_header_shows_the_member_s_credits(client_of, bob, funded, give_quota):
    give_quota(bob, 300)
    assert "300 credits" in words(client_of(bob).get(address(funded, "gallery")))


def test_menu_shows_other_teams(client_of, alice, team):
    other = create_team(name="Quay", owner=alice)
    assert f"/t/{other.slug}/" in links(client_of(alice).get(address(team, "gallery")))


PERSONAL_PAGES = (
    "/notices/",
    "/account/",
    "/account/sessions/",
    "/account/data/",
    "/account/two-factor/",
    "/teams/new",
)


@pytest.mark.parametrize("page", PERSONAL_PAGES)
def test_personal_pages_show_the_last_team(client_of, bob, funded, page):
    browser = client_of(bob)
    assert address(funded, "gallery") not in links(browser.get(page))
    browser.get(address(funded, "gallery"))
    response = browser.get(page)
    assert response.status_code == 200
    assert {address(funded, name) for name in TEAM_PAGES} <= set(links(response))
    assert "1,000 credits" in words(response)
    Membership.objects.filter(user=bob).update(deactivated_at=Now())
    assert address(funded, "gallery") not in links(browser.get(page))


def test_staff_pages_show_no_team(client_of, alice, team):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    browser = client_of(User.objects.get(pk=alice.pk))
    browser.get(address(team, "gallery"))
    assert address(team, "gallery") not in links(browser.get("/ops/"))


def test_footer_explains_the_preview_engine(client_of, bob, team, settings):
    assert "no AI model is connected" in words(client_of(bob).get(address(team, "gallery")))
    settings.IS_LOCAL_ENGINE = False
    assert "no AI model is connected" not in words(client_of(bob).get(address(team, "gallery")))


def test_theme_is_stored_in_a_cookie(client_of, bob, team):
    browser, page = client_of(bob), address(team, "gallery")
    assert "data-theme" not in browser.get(page).content.decode()
    assert browser.post("/theme", {"theme": "dark", "next": page})["Location"] == page
    assert '<html lang="en" data-theme="dark">' in browser.get(page).content.decode()
    browser.post("/theme", {"theme": "system", "next": page})
    assert "data-theme" not in browser.get(page).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
def test_theme_does_not_redirect_to_another_site(client, elsewhere):
    assert client.post("/theme", {"theme": "dark", "next": elsewhere})["Location"] == "/"


def test_unknown_theme_is_ignored(client, db):
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode()


def test_pages_have_no_inline_scripts_or_styles(client_of, alice, funded):
    """The content security policy blocks both."""
    take = make_generation(funded, alice)
    browser = client_of(alice)
    for name in (*TEAM_PAGES, f"takes/{take.pk}"):
        page = browser.get(address(funded, name))
        html = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", html), name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)), name
        assert "script-src 'self';" in page["Content-Security-Policy"] + ";"


def test_team_pages_are_not_cached_by_shared_caches(client_of, bob, team):
    page = client_of(bob).get(address(team, "gallery"))
    assert {"private", "no-cache"} <= set(page["Cache-Control"].replace(",", "").split())
    assert "HX-Request" in page["Vary"]


def test_htmx_redirects_the_whole_page_to_sign_in(client, team):
    response = client.get(address(team, "jobs"), headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith("/account/login/?next=")
