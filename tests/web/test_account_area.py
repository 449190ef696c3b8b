"""The account's own pages: one area with one navigation, the profile, and the places where one is signed in."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import User
from tests.conftest import PASSWORD
from tests.web.pages import links, words

pytestmark = pytest.mark.usefixtures("own_cache")

PAGES = {
    "/account/": "Profile",
    "/account/email/": "Email",
    "/account/password/change/": "Password",
    "/account/two-factor/": "Two-factor",
    "/account/sessions/": "Sessions",
    "/account/connections/": "Connected accounts",
    "/account/data/": "Your data",
}
POSTS = ("/account/sessions/end", "/account/sessions/1/end", "/account/data/export", "/account/delete/")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _somewhere_to_connect(settings: Settings) -> None:
    app = {"provider_id": "sso", "name": "Harbour ID", "client_id": "x", "secret": "y", "settings": {"server_url": ""}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_in_the_area_and_says_where_one_is(
    page: str, proven: Callable[[User], Client], verified: User
) -> None:
    answer = proven(verified).get(page)
    html = answer.content.decode()
    assert (answer.status_code, html.count("<h1")) == (200, 1)
    assert set(PAGES) <= set(links(answer))
    here = re.findall(r'<a href="([^"]+)" aria-current="page">', html)
    assert here == [page]


@pytest.mark.parametrize(
    "page",
    [
        "/account/two-factor/totp/activate/",
        "/account/two-factor/webauthn/",
        "/account/two-factor/webauthn/add/",
        "/account/delete/",
    ],
)
def test_what_lies_below_stands_in_the_area_too(page: str, proven: Callable[[User], Client], verified: User) -> None:
    answer = proven(verified).get(page)
    assert (answer.status_code, answer.content.decode().count("<h1")) == (200, 1)
    assert 'class="account-nav"' in answer.content.decode()


def test_without_a_provider_nothing_is_offered_to_connect(
    settings: Settings, client_of: Callable[[User], Client], bob: User
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Connected accounts" not in words(client_of(bob).get("/account/"))


@pytest.mark.parametrize("page", [*PAGES, "/account/delete/", "/account/two-factor/totp/activate/"])
def test_strangers_are_sent_to_sign_in(page: str, client: Client, db: None) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith(("/account/login/", "/account/reauthenticate/"))


@pytest.mark.parametrize("page", POSTS)
def test_strangers_can_do_nothing_there(page: str, client: Client, bob: User) -> None:
    assert client.post(page, {"confirmation": bob.email})["Location"].startswith("/account/login/")


@pytest.mark.parametrize("page", POSTS[:3])
def test_what_changes_something_is_not_a_link(page: str, client_of: Callable[[User], Client], bob: User) -> None:
    assert client_of(bob).get(page).status_code == 405


class TestProfile:
    def test_a_name_is_saved(self, client_of: Callable[[User], Client], bob: User) -> None:
        page = client_of(bob).post("/account/", {"name": "  Bob Reed "}, follow=True)
        assert "Your name is saved." in words(page)
        bob.refresh_from_db()
        assert bob.name == "Bob Reed"

    def test_a_name_may_be_left_out(self, client_of: Callable[[User], Client], bob: User) -> None:
        client_of(bob).post("/account/", {"name": ""})
        bob.refresh_from_db()
        assert (bob.name, bob.display_name) == ("", "bob")

    @pytest.mark.parametrize("name", ["x" * 81, "Bob\x00"])
    def test_a_name_that_does_not_fit_is_said_at_its_field(
        self, name: str, client_of: Callable[[User], Client], bob: User
    ) -> None:
        page = client_of(bob).post("/account/", {"name": name})
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.content.decode()
        bob.refresh_from_db()
        assert bob.name == "Bob"


class TestSessions:
    def enter(self, user: User, browser: str = FIREFOX) -> Client:
        client = Client(HTTP_USER_AGENT=browser)
        client.post("/account/login/", {"login": user.email, "password": PASSWORD})
        assert "_auth_user_id" in client.session
        return client

    def ends_of(self, client: Client) -> list[str]:
        return re.findall(r'action="(/account/sessions/\d+/end)"', client.get("/account/sessions/").content.decode())

    def test_it_lists_where_one_is_signed_in(self, verified: User) -> None:
        here, _there = self.enter(verified), self.enter(verified, "curl/8.5.0")
        page = here.get("/account/sessions/")
        assert "Firefox on Linux Current session 127.0.0.1 · since" in words(page)
        assert "curl/8.5.0 127.0.0.1" in words(page)

    def test_one_is_ended_and_the_others_stay(self, verified: User) -> None:
        here, there, elsewhere = (self.enter(verified) for _ in range(3))
        page = here.post(self.ends_of(here)[-1], follow=True)
        assert "Signed out there." in words(page)
        gone = [client for client in (there, elsewhere) if client.get("/account/").status_code == 302]
        assert len(gone) == 1
        assert here.get("/account/").status_code == 200
        assert len(self.ends_of(here)) == 1

    def test_all_others_are_ended_at_once(self, verified: User) -> None:
        here, there, elsewhere = (self.enter(verified) for _ in range(3))
        here.post("/account/sessions/end")
        assert [client.get("/account/").status_code for client in (here, there, elsewhere)] == [200, 302, 302]
        assert "Sign out all other sessions" not in words(here.get("/account/sessions/"))

    def test_nobody_ends_a_session_of_somebody_else(self, verified: User, alice: User, client_of: Callable) -> None:
        here, other = self.enter(verified), self.enter(verified)
        target = self.ends_of(here)[0]
        assert client_of(alice).post(target).status_code == 404
        assert other.get("/account/").status_code == 200

    def test_one_that_has_expired_is_not_listed(self, verified: User) -> None:
        here, there = self.enter(verified), self.enter(verified)
        Session.objects.filter(session_key=there.session.session_key).delete()
        assert self.ends_of(here) == []

    def test_a_new_password_ends_the_others(self, verified: User) -> None:
        here, there = self.enter(verified), self.enter(verified)
        here.post("/account/reauthenticate/", {"password": PASSWORD})
        values = {"oldpassword": PASSWORD, "password1": "a-brand-new-one", "password2": "a-brand-new-one"}
        here.post("/account/password/change/", values)
        assert [client.get("/account/").status_code for client in (here, there)] == [200, 302]
        assert self.ends_of(here) == []

    def test_staying_signed_in_is_a_choice(self, verified: User) -> None:
        client = Client()
        form = {"login": verified.email, "password": PASSWORD}
        assert "Stay signed in on this device" in words(client.get("/account/login/"))
        client.post("/account/login/", form)
        assert client.session.get_expire_at_browser_close()
        other = Client()
        other.post("/account/login/", {**form, "remember": "on"})
        assert not other.session.get_expire_at_browser_close()
