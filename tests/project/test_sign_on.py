"""Single sign-on is all there or not there."""

import pytest
from pydantic import ValidationError

from project.env import Environment
from project.sign_on import sign_on_providers

WHOLE = {
    "OIDC_ISSUER_URL": "https://id.example.com/",
    "OIDC_CLIENT_ID": "dailies",
    "OIDC_CLIENT_SECRET": "a-secret-of-two",
}


def environment(monkeypatch: pytest.MonkeyPatch, **given: str) -> Environment:
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return Environment(_env_file=None)


def test_without_it_there_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sign_on_providers(environment(monkeypatch)) == {}


def test_empty_values_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sign_on_providers(environment(monkeypatch, **dict.fromkeys(WHOLE, ""))) == {}


@pytest.mark.parametrize("missing", WHOLE)
def test_a_part_of_it_stops_the_start_and_names_the_rest(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    given = {name: value for name, value in WHOLE.items() if name != missing}
    with pytest.raises(ValidationError, match="set all three or none") as refusal:
        environment(monkeypatch, **given)
    assert "a-secret-of-two" not in str(refusal.value)


@pytest.mark.parametrize(("said", "is_trusted"), [("true", True), ("false", False), (None, False)])
def test_addresses_are_trusted_only_when_it_is_said(
    monkeypatch: pytest.MonkeyPatch, said: str | None, is_trusted: bool
) -> None:
    given = WHOLE if said is None else {**WHOLE, "OIDC_TRUST_EMAIL": said}
    (app,) = sign_on_providers(environment(monkeypatch, **given))["openid_connect"]["APPS"]
    assert app["settings"] == {
        "server_url": "https://id.example.com",
        "oauth_pkce_enabled": True,
        "email_authentication": is_trusted,
    }
