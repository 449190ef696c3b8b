"""Probes: what they say while all is well, and when one part is broken. The other parts stay real."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import User
from generations.ops import canary, readiness
from generations.tasks import canary as canary_task
from project.stack.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    readiness._readiness_in.cache_clear()


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": folder, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return folder


def ask(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    assert answer["Content-Type"] == "application/json"
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def test_alive_means_no_more_than_that(client: Client, settings: Settings, django_assert_num_queries: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_ready_means_that_every_part_works(client: Client, media: Path) -> None:
    canary_task()
    status, body = ask(client)
    assert (status, body["status"]) == (200, "ready")
    assert list(body["parts"]) == ["database", "broker", "storage", "canary"]
    assert all(part["ok"] and part["reason"] == "" for part in body["parts"].values())
    assert [path for path in media.rglob("*") if path.is_file()] == []


def only_broken(part: str, client: Client) -> str:
    status, body = ask(client)
    assert (status, body["status"]) == (503, "not_ready")
    assert [name for name, told in body["parts"].items() if not told["ok"]] == [part]
    return str(body["parts"][part]["reason"])


def test_a_deaf_worker_is_noticed(client: Client) -> None:
    assert "no worker has finished a task yet" in only_broken("canary", client)


def test_a_worker_gone_deaf_a_minute_ago_is_noticed(client: Client, valkey: redis.Redis) -> None:
    canary_task()
    valkey.set("dailies:canary", repr(float(valkey.get("dailies:canary") or 0) - 61))
    assert "for 61 s" in only_broken("canary", client)


def test_a_storage_that_takes_nothing_is_noticed(client: Client, media: Path) -> None:
    canary_task()
    media.write_text("a file where the folder should be")
    only_broken("storage", client)


def test_a_storage_that_returns_something_else_is_noticed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful:
        """A bucket that answers everything and keeps nothing."""

        def save(self, name: str, content: ContentFile) -> str:
            return name

        def open(self, name: str) -> ContentFile:
            return ContentFile(b"")

        def delete(self, name: str) -> None: ...

    canary_task()
    monkeypatch.setattr(readiness, "media_storage", Forgetful)
    assert "does not return what was stored" in only_broken("storage", client)


def test_a_lost_broker_is_noticed(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:a-secret@127.0.0.1:{free_port()}/0"
    status, body = ask(client)
    assert status == 503
    assert [name for name, part in body["parts"].items() if not part["ok"]] == ["broker", "canary"]
    assert "a-secret" not in str(body)
    assert "127.0.0.1" not in str(body)


def test_a_broker_that_takes_nothing_is_noticed(client: Client, valkey: redis.Redis, settings: Settings) -> None:
    canary_task()
    # Who may read but not write meets what a full Valkey answers: an error for each write.
    valkey.execute_command("ACL", "SETUSER", "reader", "on", ">pass", "~*", "+@read", "+client", "+hello", "+select")
    try:
        place = settings.REDIS_URL.removeprefix("redis://").rpartition("@")[2]
        settings.REDIS_URL = f"redis://reader:pass@{place}"
        only_broken("broker", client)
    finally:
        valkey.execute_command("ACL", "DELUSER", "reader")


def test_a_lost_database_is_noticed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    canary_task()
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(free_port()))
    status, body = ask(client)
    assert status == 503
    assert not body["parts"]["database"]["ok"]
    assert "127.0.0.1" not in str(body)


def test_a_part_that_hangs_does_not_hang_the_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    canary_task()
    monkeypatch.setattr(readiness, "DEADLINE", 0.5)
    is_over = False

    def hang() -> None:
        while not is_over:
            time.sleep(0.05)

    monkeypatch.setitem(readiness.CHECKS, "storage", hang)
    try:
        assert only_broken("storage", client) == "no answer in time"
    finally:
        is_over = True


def test_probes_only_read(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405


def test_the_canary_keeps_the_databases_time(valkey: redis.Redis) -> None:
    assert canary.canary_age() is None
    canary_task()
    age = canary.canary_age()
    assert age is not None
    assert 0 <= age < 30
    assert valkey.ttl("dailies:canary") > 60


def test_probes_need_no_account(client: Client, client_of: Callable[[User], Client], charlie: User) -> None:
    canary_task()
    assert client.get("/readyz").status_code == client_of(charlie).get("/readyz").status_code == 200
