"""The account pages: their navigation, the profile, and the sessions."""

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
def test_every_page_is_marked_in_the_navigation(page: str, proven: Callable[[User], Client], verified: User) -> None:
    response = proven(verified).get(page)
    html = response.content.decode()
    assert (response.status_code, html.count("<h1")) == (200, 1)
    assert set(PAGES) <= set(links(response))
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
def test_subpages_show_the_navigation(page: str, proven: Callable[[User], Client], verified: User) -> None:
    response = proven(verified).get(page)
    assert (response.status_code, response.content.decode().count("<h1")) == (200, 1)
    assert 'class="account-nav"' in response.content.decode()


def test_connections_are_hidden_without_a_provider(
    settings: Settings, client_of: Callable[[User], Client], bob: User
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Connected accounts" not in words(client_of(bob).get("/account/"))


@pytest.mark.parametrize("page", [*PAGES, "/account/delete/", "/account/two-factor/totp/activate/"])
def test_visitors_are_redirected_to_sign_in(page: str, client: Client, db: None) -> None:
    response = client.get(page)
    assert response.status_code == 302
    assert response["Location"].startswith(("/account/login/", "/account/reauthenticate/"))


@pytest.mark.parametrize("page", POSTS)
def test_visitors_cannot_post(page: str, client: Client, bob: User) -> None:
    assert client.post(page, {"confirmation": bob.email})["Location"].startswith("/account/login/")


@pytest.mark.parametrize("page", POSTS[:3])
def test_changes_require_post(page: str, client_of: Callable[[User], Client], bob: User) -> None:
    assert client_of(bob).get(page).status_code == 405


class TestProfile:
    def test_name_can_be_changed(self, client_of: Callable[[User], Client], bob: User) -> None:
        page = client_of(bob).post("/account/", {"name": "  Bob Reed "}, follow=True)
        assert "Name saved." in words(page)
        bob.refresh_from_db()
        assert bob.name == "Bob Reed"

    def test_name_is_optional(self, client_of: Callable[[User], Client], bob: User) -> None:
        client_of(bob).post("/account/", {"name": ""})
        bob.refresh_from_db()
        assert (bob.name, bob.display_name) == ("", "bob")

    @pytest.mark.parametrize("name", ["x" * 81, "Bob\x00"])
    def test_invalid_name_is_rejected_at_its_field(
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

    def test_list_shows_all_sessions(self, verified: User) -> None:
        here, _there = self.enter(verified), self.enter(verified, "curl/8.5.0")
        page = here.get("/account/sessions/")
        assert "Firefox on Linux Current session 127.0.0.1 · since" in words(page)
        assert "curl/8.5.0 127.0.0.1" in words(page)

    def test_one_session_can_be_signed_out(self, verified: User) -> None:
        here, there, elsewhere = (self.enter(verified) for _ in range(3))
        page = here.post(self.ends_of(here)[-1], follow=True)
        assert "Session signed out." in words(page)
        gone = [client for client in (there, elsewhere) if client.get("/account/").status_code == 302]
        assert len(gone) == 1
        assert here.get("/account/").status_code == 200
        assert len(self.ends_of(here)) == 1

    def test_all_other_sessions_can_be_signed_out(self, verified: User) -> None:
        here, there, elsewhere = (self.enter(verified) for _ in range(3))
        here.post("/account/sessions/end")
        assert [client.get("/account/").status_code for client in (here, there, elsewhere)] == [200, 302, 302]
        assert "Sign out all other sessions" not in words(here.get("/account/sessions/"))

    def test_session_of_another_user_is_a_404(self, verified: User, alice: User, client_of: Callable) -> None:
        here, other = self.enter(verified), self.enter(verified)
        target = self.ends_of(here)[0]
        assert client_of(alice).post(target).status_code == 404
        assert other.get("/account/").status_code == 200

    def test_expired_session_is_not_listed(self, verified: User) -> None:
        here, there = self.enter(verified), self.enter(verified)
        Session.objects.filter(session_key=there.session.session_key).delete()
        assert self.ends_of(here) == []

    def test_new_password_signs_out_other_sessions(self, verified: User) -> None:
        here, there = self.enter(verified), self.enter(verified)
        here.post("/account/reauthenticate/", {"password": PASSWORD})
        values = {"oldpassword": PASSWORD, "password1": "a-brand-new-one", "password2": "a-brand-new-one"}
        here.post("/account/password/change/", values)
        assert [client.get("/account/").status_code for client in (here, there)] == [200, 302]
        assert self.ends_of(here) == []

    def test_staying_signed_in_is_optional(self, verified: User) -> None:
        client = Client()
        form = {"login": verified.email, "password": PASSWORD}
        assert "Stay signed in on this device" in words(client.get("/account/login/"))
        client.post("/account/login/", form)
        assert client.session.get_expire_at_browser_close()
        other = Client()
        other.post("/account/login/", {**form, "remember": "on"})
        assert not other.session.get_expire_at_browser_close()
