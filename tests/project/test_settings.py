"""What the environment says becomes settings, or a refusal that names the variable."""

import subprocess
import sys

import pytest

from project.databases import PATIENCE, database_from_url
from project.env import ROOT
from project.mail import mail_from_url

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
def test_production_refuses_to_start_without_the_real_thing(name: str, value: str) -> None:
    done = deploy_check(**{name: value})
    assert done.returncode != 0
    assert f"{name} must be set for production" in done.stderr


def test_a_database_url_is_taken_apart() -> None:
    found = database_from_url("postgresql://me:p%40ss@db.example.com:5433/studio?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("me", "p@ss", "db.example.com", "5433")
    assert (found["NAME"], found["OPTIONS"]) == ("studio", {**PATIENCE, "sslmode": "require"})


def test_a_database_url_may_say_how_long_to_wait() -> None:
    found = database_from_url("postgresql:///studio?connect_timeout=30")
    assert found["OPTIONS"] == {**PATIENCE, "connect_timeout": "30"}


def test_a_database_url_may_name_a_socket() -> None:
    assert database_from_url("postgresql://me@/studio?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        database_from_url("sqlite:///dailies.db")


@pytest.mark.parametrize(
    ("url", "port", "encrypted", "upgraded"),
    [
        ("smtp://me:p%40ss@mail.example.com", 587, False, True),
        ("smtp://mail.example.com:25", 25, False, False),
        ("smtps://me:p%40ss@mail.example.com", 465, True, False),
    ],
)
def test_a_mail_url_says_how_to_connect(url: str, port: int, encrypted: bool, upgraded: bool) -> None:
    found = mail_from_url(url)
    assert found["EMAIL_HOST"] == "mail.example.com"
    assert (found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (port, encrypted, upgraded)
    assert found["EMAIL_HOST_PASSWORD"] in ("", "p@ss")


def test_mail_may_go_to_a_folder() -> None:
    assert mail_from_url("file:/var/mail/dailies")["EMAIL_FILE_PATH"] == "/var/mail/dailies"


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://mail.example.com", "smtp:", "file:"])
def test_another_mail_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="EMAIL_URL must be"):
        mail_from_url(url)


def test_former_keys_are_named_by_commas() -> None:
    asked = "from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={**PRODUCTION, "SECRET_KEY_FALLBACKS": "the-last-one, the-one-before,"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['the-last-one', 'the-one-before']"
