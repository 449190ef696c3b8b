"""Environment variables become Django settings, or an error that names the variable."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from project.env import CONNECTION_OPTIONS, ROOT, Environment, database_settings, email_settings, sso_settings

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "project.settings.production",
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": "a-long-enough-key-with-many-different-letters-1234567890",
    "ALLOWED_HOSTS": "studio.example.com",
    "PUBLIC_URL": "https://studio.example.com",
    "DATABASE_URL": "postgresql:///dailies",
    "REDIS_URL": "redis://localhost",
}


def deploy_check(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**PRODUCTION, **changes},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deploy_check() -> None:
    done = deploy_check()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("ALLOWED_HOSTS", "*"),
        ("PUBLIC_URL", "http://studio.example.com"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
    ],
)
def test_production_does_not_start_with_unsafe_values(name: str, value: str) -> None:
    done = deploy_check(**{name: value})
    assert done.returncode != 0
    assert f"{name} must be set for production" in done.stderr


def test_a_database_url_is_parsed() -> None:
    settings = database_settings("postgresql://me:p%40ss@db.example.com:5433/studio?sslmode=require")
    assert (settings["USER"], settings["PASSWORD"]) == ("me", "p@ss")
    assert (settings["HOST"], settings["PORT"]) == ("db.example.com", "5433")
    assert (settings["NAME"], settings["OPTIONS"]) == ("studio", {**CONNECTION_OPTIONS, "sslmode": "require"})


def test_a_database_url_may_set_the_connect_timeout() -> None:
    settings = database_settings("postgresql:///studio?connect_timeout=30")
    assert settings["OPTIONS"] == {**CONNECTION_OPTIONS, "connect_timeout": "30"}


def test_a_database_url_may_use_a_socket() -> None:
    assert database_settings("postgresql://me@/studio?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


def test_another_kind_of_database_is_an_error() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        database_settings("sqlite:///dailies.db")


@pytest.mark.parametrize(
    ("url", "port", "encrypted", "upgraded"),
    [
        ("smtp://me:p%40ss@mail.example.com", 587, False, True),
        ("smtp://mail.example.com:25", 25, False, False),
        ("smtps://me:p%40ss@mail.example.com", 465, True, False),
    ],
)
def test_an_email_url_is_parsed(url: str, port: int, encrypted: bool, upgraded: bool) -> None:
    settings = email_settings(url)
    assert settings["EMAIL_HOST"] == "mail.example.com"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (port, encrypted, upgraded)
    assert settings["EMAIL_HOST_PASSWORD"] in ("", "p@ss")


def test_emails_may_be_written_to_a_folder() -> None:
    assert email_settings("file:/var/mail/dailies")["EMAIL_FILE_PATH"] == "/var/mail/dailies"


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://mail.example.com", "smtp:", "file:"])
def test_another_email_url_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="EMAIL_URL must be"):
        email_settings(url)


def test_former_keys_are_separated_by_commas() -> None:
    code = "from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**PRODUCTION, "SECRET_KEY_FALLBACKS": "the-last-one, the-one-before,"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['the-last-one', 'the-one-before']"


OIDC = {
    "OIDC_ISSUER_URL": "https://id.example.com/",
    "OIDC_CLIENT_ID": "dailies",
    "OIDC_CLIENT_SECRET": "a-secret-of-two",
}


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Environment:
    for name in OIDC:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Environment(_env_file=None)


def test_without_oidc_variables_there_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sso_settings(environment(monkeypatch)) == {}


def test_empty_oidc_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sso_settings(environment(monkeypatch, **dict.fromkeys(OIDC, ""))) == {}


@pytest.mark.parametrize("missing", OIDC)
def test_incomplete_oidc_variables_are_an_error(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    values = {name: value for name, value in OIDC.items() if name != missing}
    with pytest.raises(ValidationError, match="set all three or none") as error:
        environment(monkeypatch, **values)
    assert "a-secret-of-two" not in str(error.value)


@pytest.mark.parametrize(("setting", "is_trusted"), [("true", True), ("false", False), (None, False)])
def test_email_addresses_are_trusted_only_with_oidc_trust_email(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, is_trusted: bool
) -> None:
    values = OIDC if setting is None else {**OIDC, "OIDC_TRUST_EMAIL": setting}
    (app,) = sso_settings(environment(monkeypatch, **values))["openid_connect"]["APPS"]
    assert app["settings"] == {
        "server_url": "https://id.example.com",
        "oauth_pkce_enabled": True,
        "email_authentication": is_trusted,
    }
