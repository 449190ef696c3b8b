"""Authenticator codes and recovery codes. Passkeys need a browser: tests/browser/test_account.py."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import User
from tests.conftest import PASSWORD
from tests.web.authenticator_app import code_now
from tests.web.pages import words

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock in the middle of the thirty seconds of a code."""
    with time_machine.travel("2026-05-04 12:00:15+00:00", tick=False) as traveller:
        yield traveller


def set_up(client: Client) -> tuple[str, Any]:
    """Set up the authenticator app. Return its secret and the next page."""
    page = client.get("/account/two-factor/totp/activate/").content.decode()
    secret = re.search(r'<code class="secret">(\w+)</code>', page)
    assert secret is not None
    return secret[1], client.post("/account/two-factor/totp/activate/", {"code": code_now(secret[1])}, follow=True)


def sign_in(client: Client, user: User) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": PASSWORD})


@pytest.fixture
def guarded(proven: Callable[[User], Client], verified: User, clock: time_machine.Traveller) -> str:
    """Bob has an authenticator app. The value is its secret."""
    secret, _ = set_up(proven(verified))
    clock.shift(60)  # a code is good once
    return secret


def test_setup_requires_the_password(client: Client, verified: User) -> None:
    sign_in(client, verified)
    response = client.get("/account/two-factor/totp/activate/")
    assert response["Location"].startswith("/account/reauthenticate/")


def test_qr_code_is_allowed_by_the_content_policy(proven: Callable[[User], Client], verified: User) -> None:
    response = proven(verified).get("/account/two-factor/totp/activate/")
    assert '<img class="qr" src="data:image/svg+xml;base64,' in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy
    assert "script-src 'self';" in policy + ";"


@pytest.mark.django_db(transaction=True)
def test_setup_creates_recovery_codes(proven: Callable[[User], Client], verified: User, mailoutbox: list[Any]) -> None:
    _, page = set_up(proven(verified))
    assert "10 of 10 left" in words(page)
    assert set(Authenticator.objects.filter(user=verified).values_list("type", flat=True)) == {
        "totp",
        "recovery_codes",
    }
    assert "An authenticator app was added" in [mail.subject for mail in mailoutbox]


def test_wrong_code_does_not_complete_the_setup(proven: Callable[[User], Client], verified: User) -> None:
    client = proven(verified)
    client.get("/account/two-factor/totp/activate/")
    page = client.post("/account/two-factor/totp/activate/", {"code": "000000"})
    assert "Incorrect code." in words(page)
    assert not Authenticator.objects.exists()


def test_secret_is_encrypted_in_the_database(verified: User, guarded: str) -> None:
    for row in Authenticator.objects.filter(user=verified):
        assert guarded not in str(row.data)
        assert row.data.get("secret", row.data.get("seed")).startswith("gAAAA")


def test_password_alone_does_not_sign_in(client: Client, verified: User, guarded: str) -> None:
    response = sign_in(client, verified)
    assert response["Location"] == "/account/two-factor/authenticate/"
    assert "_auth_user_id" not in client.session
    assert "Two-factor sign-in" in words(client.get(response["Location"]))
    assert client.get("/account/")["Location"].startswith("/account/login/")


def test_code_signs_in_once(client: Client, verified: User, guarded: str) -> None:
    sign_in(client, verified)
    code = code_now(guarded)
    client.post("/account/two-factor/authenticate/", {"code": code})
    assert client.session["_auth_user_id"] == str(verified.pk)
    second = Client()
    sign_in(second, verified)
    page = second.post("/account/two-factor/authenticate/", {"code": code})
    assert "Incorrect code." in words(page)
    assert "_auth_user_id" not in second.session


def test_recovery_code_signs_in_once(client: Client, verified: User, guarded: str) -> None:
    codes = Authenticator.objects.get(user=verified, type="recovery_codes").wrap().get_unused_codes()
    sign_in(client, verified)
    client.post("/account/two-factor/authenticate/", {"code": codes[0]})
    assert client.session["_auth_user_id"] == str(verified.pk)
    assert "9 codes left" in words(client.get("/account/two-factor/"))
    second = Client()
    sign_in(second, verified)
    second.post("/account/two-factor/authenticate/", {"code": codes[0]})
    assert "_auth_user_id" not in second.session


def test_guessing_is_rate_limited(client: Client, verified: User, guarded: str) -> None:
    sign_in(client, verified)
    pages = [words(client.post("/account/two-factor/authenticate/", {"code": f"{n:06}"})) for n in range(12)]
    assert any("Too many" in page for page in pages)
    client.post("/account/two-factor/authenticate/", {"code": code_now(guarded)})
    assert "_auth_user_id" not in client.session


def test_cancel_ends_the_pending_sign_in(client: Client, verified: User, guarded: str) -> None:
    sign_in(client, verified)
    client.post("/account/logout/", {"next": "/account/login/"})
    assert client.get("/account/two-factor/authenticate/")["Location"] == "/account/login/"


def test_deactivation_deletes_the_recovery_codes(
    client: Client, verified: User, guarded: str, mailoutbox: list[Any]
) -> None:
    sign_in(client, verified)
    client.post("/account/two-factor/authenticate/", {"code": code_now(guarded)})
    asked = client.get("/account/two-factor/totp/deactivate/")
    assert asked["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert "Turn off authenticator app" in words(client.get("/account/two-factor/totp/deactivate/"))
    client.post("/account/two-factor/totp/deactivate/")
    assert not Authenticator.objects.filter(user=verified).exists()
    assert "The authenticator app was removed" in [mail.subject for mail in mailoutbox]


def test_recovery_codes_can_be_shown_downloaded_and_replaced(proven: Callable[[User], Client], verified: User) -> None:
    client = proven(verified)
    set_up(client)
    codes = Authenticator.objects.get(user=verified, type="recovery_codes").wrap().get_unused_codes()
    assert all(code in words(client.get("/account/two-factor/recovery-codes/")) for code in codes)
    download = client.get("/account/two-factor/recovery-codes/download/")
    assert download.content.decode().split() == codes
    assert "Your 10 unused codes will stop working." in words(
        client.get("/account/two-factor/recovery-codes/generate/")
    )
    client.post("/account/two-factor/recovery-codes/generate/")
    fresh = Authenticator.objects.get(user=verified, type="recovery_codes").wrap().get_unused_codes()
    assert set(fresh).isdisjoint(codes)


def test_user_with_two_factor_can_change_the_address(proven: Callable[[User], Client], verified: User) -> None:
    client = proven(verified)
    set_up(client)
    page = client.post("/account/email/", {"email": "second@example.com", "action_add": "1"}, follow=True)
    assert "We sent a link to second@example.com." in words(page)


def test_admin_site_requires_two_factor(client: Client, verified: User, guarded: str) -> None:
    User.objects.filter(pk=verified.pk).update(is_staff=True)
    response = client.post("/admin/login/", {"username": verified.email, "password": PASSWORD})
    assert response["Location"].startswith("/account/login/")
    assert "_auth_user_id" not in client.session


def test_lost_encryption_key_shows_an_error(client: Client, verified: User, guarded: str, settings: Settings) -> None:
    settings.SECRET_KEY = "another-key-altogether"
    sign_in(client, verified)
    response = client.post("/account/two-factor/authenticate/", {"code": "123456"})
    assert response.status_code == 503
    assert "can't be decrypted" in words(response)
    assert "_auth_user_id" not in client.session


def test_former_encryption_key_still_decrypts(client: Client, verified: User, guarded: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-altogether"
    sign_in(client, verified)
    client.post("/account/two-factor/authenticate/", {"code": code_now(guarded)})
    assert client.session["_auth_user_id"] == str(verified.pk)
