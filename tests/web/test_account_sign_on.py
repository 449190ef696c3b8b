"""Single sign-on with a provider over a real socket."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import User
from project.env import Environment, sso_settings
from tests.conftest import PASSWORD
from tests.fakes.identity import IdentityProvider
from tests.web.pages import words

pytestmark = pytest.mark.usefixtures("own_cache")

LOGIN = "/account/oidc/sso/login/"
DORA = {"sub": "user-42", "email": "dora@example.com", "email_verified": True, "name": "Dora Marsh"}


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(dict(DORA)) as running:
        yield running


@pytest.fixture
def trust(provider: IdentityProvider, settings: Settings) -> Callable[[bool], None]:
    """Configure the provider like the environment does, with or without trust in its email addresses."""

    def configure(is_trusted: bool) -> None:
        env = Environment(
            _env_file=None,
            oidc_issuer_url=provider.base_url,
            oidc_client_id=provider.client_id,
            oidc_client_secret=provider.client_secret,
            oidc_name="Harbour ID",
            oidc_trust_email=is_trusted,
        )
        settings.SOCIALACCOUNT_PROVIDERS = sso_settings(env)
        settings.IS_SIGN_ON_EMAIL_TRUSTED = is_trusted

    return configure


def way_out(client: Client, process: str = "login") -> str:
    """Return the URL on the redirecting page."""
    page = client.post(f"{LOGIN}?process={process}")
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())
    assert found is not None, page.content.decode()
    return found[1].replace("&amp;", "&")


def come_back(client: Client, address: str, **more: Any) -> Any:
    """Go to the provider like a browser, and follow its redirect back."""
    response = httpx.get(address)
    assert response.status_code == 302, response.text
    return client.get(response.headers["Location"].removeprefix("http://testserver"), **more)


def test_sign_on_is_hidden_without_a_provider(client: Client, db: None) -> None:
    assert "Sign in with Harbour" not in words(client.get("/account/login/"))
    assert client.get(LOGIN).status_code == 404
    assert client.post(LOGIN).status_code == 404
    assert client.get(f"{LOGIN}callback/").status_code == 404


def test_trusted_provider_creates_an_account_with_a_team(
    client: Client, db: None, trust: Callable[[bool], None], provider: IdentityProvider, mailoutbox: list[Any]
) -> None:
    trust(True)
    assert "Sign in with Harbour ID" in words(client.get("/account/login/"))
    response = come_back(client, way_out(client), follow=True)
    dora = User.objects.get(email="dora@example.com")
    assert (dora.name, dora.has_usable_password()) == ("Dora Marsh", False)
    team = dora.teams.get()
    assert response.redirect_chain[-1][0] == f"/t/{team.slug}/studio/"
    assert EmailAddress.objects.get(user=dora).verified
    assert SocialAccount.objects.get(user=dora).uid == "user-42"
    assert mailoutbox == []
    assert not SocialToken.objects.exists()
    assert provider.requests.count("token") == 1


def test_second_sign_in_uses_the_same_account(client: Client, db: None, trust: Callable[[bool], None]) -> None:
    trust(True)
    come_back(client, way_out(client))
    other = Client()
    come_back(other, way_out(other))
    assert "_auth_user_id" in other.session
    assert User.objects.filter(email="dora@example.com").count() == 1


def test_address_of_an_untrusted_provider_must_be_confirmed(
    client: Client, db: None, trust: Callable[[bool], None], mailoutbox: list[Any]
) -> None:
    trust(False)
    response = come_back(client, way_out(client))
    assert response["Location"] == "/account/confirm-email/"
    assert "_auth_user_id" not in client.session
    assert mailoutbox[0].to == ["dora@example.com"]
    dora = User.objects.get(email="dora@example.com")
    assert (EmailAddress.objects.get(user=dora).verified, dora.teams.count()) == (False, 1)


def test_trusted_provider_signs_in_to_the_account_with_the_address(
    client: Client, verified: User, trust: Callable[[bool], None], provider: IdentityProvider
) -> None:
    trust(True)
    provider.claims["email"] = verified.email
    come_back(client, way_out(client))
    assert client.session["_auth_user_id"] == str(verified.pk)
    assert SocialAccount.objects.get(user=verified).uid == "user-42"


@pytest.mark.parametrize(("is_trusted", "is_verified"), [(False, True), (True, False)])
def test_untrusted_provider_cannot_sign_in_to_an_existing_account(
    client: Client,
    verified: User,
    trust: Callable[[bool], None],
    provider: IdentityProvider,
    mailoutbox: list[Any],
    is_trusted: bool,
    is_verified: bool,
) -> None:
    trust(is_trusted)
    provider.claims.update(email=verified.email, email_verified=is_verified)
    come_back(client, way_out(client))
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()
    assert mailoutbox[0].subject == "You already have a Dailies account"


def test_missing_address_is_requested(
    client: Client, db: None, trust: Callable[[bool], None], provider: IdentityProvider
) -> None:
    trust(True)
    del provider.claims["email"]
    page = come_back(client, way_out(client), follow=True)
    assert "You signed in with Harbour ID" in words(page)
    client.post("/account/connections/signup/", {"email": "dora@sea.example"})
    dora = User.objects.get(email="dora@sea.example")
    assert (dora.teams.count(), EmailAddress.objects.get(user=dora).verified) == (1, False)


def test_account_can_be_connected_and_disconnected(
    proven: Callable[[User], Client], verified: User, trust: Callable[[bool], None], mailoutbox: list[Any]
) -> None:
    trust(False)
    client = proven(verified)
    page = come_back(client, way_out(client, "connect"), follow=True)
    assert "Disconnect" in words(page)
    account = SocialAccount.objects.get(user=verified)
    page = client.post("/account/connections/", {"account": account.pk}, follow=True)
    assert "Connect Harbour ID" in words(page)
    assert not SocialAccount.objects.exists()
    assert [mail.subject for mail in mailoutbox] == ["An account was connected", "An account was disconnected"]


def test_connecting_requires_the_password(client: Client, verified: User, trust: Callable[[bool], None]) -> None:
    trust(False)
    client.post("/account/login/", {"login": verified.email, "password": PASSWORD})
    response = come_back(client, way_out(client, "connect"))
    assert response["Location"].startswith("/account/reauthenticate/")
    assert not SocialAccount.objects.exists()


def test_last_sign_in_method_cannot_be_removed(client: Client, db: None, trust: Callable[[bool], None]) -> None:
    trust(True)
    come_back(client, way_out(client))
    account = SocialAccount.objects.get()
    page = client.post("/account/connections/", {"account": account.pk})
    assert "Set a password first" in words(page)
    assert SocialAccount.objects.filter(pk=account.pk).exists()


@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
def test_failing_provider_shows_an_error(
    client: Client, db: None, trust: Callable[[bool], None], provider: IdentityProvider, endpoint: str
) -> None:
    trust(True)
    provider.refuse(endpoint)
    response = come_back(client, way_out(client))
    assert response.status_code == 401
    assert "Sign-in failed" in words(response)
    assert not User.objects.exists()


def test_unreachable_provider_shows_an_error(client: Client, db: None, trust: Callable[[bool], None]) -> None:
    trust(True)
    with IdentityProvider(DORA) as gone:
        pass
    assert gone.base_url
    response = client.get(f"{LOGIN}callback/", {"code": "1", "state": "unknown"})
    assert response.status_code == 401
    assert "Sign-in failed" in words(response)


def test_response_for_another_browser_is_rejected(client: Client, db: None, trust: Callable[[bool], None]) -> None:
    trust(True)
    response = come_back(Client(), way_out(client))
    assert response.status_code == 401
    assert not User.objects.exists()
