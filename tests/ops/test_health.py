"""Health checks when everything works, and when one part is broken. The other parts are real."""

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
from generations.ops import heartbeat, readiness
from generations.tasks import record_heartbeat
from project.stack.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_cached_result() -> None:
    readiness._readiness_in.cache_clear()


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": folder, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return folder


def get_readiness(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz")
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    return response.status_code, response.json()


def test_healthz_checks_only_the_process(client: Client, settings: Settings, django_assert_num_queries: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_readyz_checks_every_part(client: Client, media: Path) -> None:
    record_heartbeat()
    status, body = get_readiness(client)
    assert (status, body["status"]) == (200, "ready")
    assert list(body["parts"]) == ["database", "broker", "storage", "heartbeat"]
    assert all(part["ok"] and part["reason"] == "" for part in body["parts"].values())
    assert [path for path in media.rglob("*") if path.is_file()] == []


def only_broken(part: str, client: Client) -> str:
    status, body = get_readiness(client)
    assert (status, body["status"]) == (503, "not_ready")
    assert [name for name, result in body["parts"].items() if not result["ok"]] == [part]
    return str(body["parts"][part]["reason"])


def test_a_missing_heartbeat_is_detected(client: Client) -> None:
    assert "no worker has finished a task yet" in only_broken("heartbeat", client)


def test_an_old_heartbeat_is_detected(client: Client, valkey: redis.Redis) -> None:
    record_heartbeat()
    valkey.set("dailies:heartbeat", repr(float(valkey.get("dailies:heartbeat") or 0) - 61))
    assert "for 61 s" in only_broken("heartbeat", client)


def test_a_storage_that_is_not_writable_is_detected(client: Client, media: Path) -> None:
    record_heartbeat()
    media.write_text("a file where the folder should be")
    only_broken("storage", client)


def test_a_storage_that_returns_other_content_is_detected(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class LossyStorage:
        """A bucket that accepts everything and stores nothing."""

        def save(self, name: str, content: ContentFile) -> str:
            return name

        def open(self, name: str) -> ContentFile:
            return ContentFile(b"")

        def delete(self, name: str) -> None: ...

    record_heartbeat()
    monkeypatch.setattr(readiness, "media_storage", LossyStorage)
    assert "does not return the stored content" in only_broken("storage", client)


def test_a_lost_broker_is_detected(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:a-secret@127.0.0.1:{free_port()}/0"
    status, body = get_readiness(client)
    assert status == 503
    assert [name for name, part in body["parts"].items() if not part["ok"]] == ["broker", "heartbeat"]
    assert "a-secret" not in str(body)
    assert "127.0.0.1" not in str(body)


def test_a_read_only_broker_is_detected(client: Client, valkey: redis.Redis, settings: Settings) -> None:
    record_heartbeat()
    # A user with read access gets an error for each write, like every client of a full Valkey.
    valkey.execute_command("ACL", "SETUSER", "reader", "on", ">pass", "~*", "+@read", "+client", "+hello", "+select")
    try:
        place = settings.REDIS_URL.removeprefix("redis://").rpartition("@")[2]
        settings.REDIS_URL = f"redis://reader:pass@{place}"
        only_broken("broker", client)
    finally:
        valkey.execute_command("ACL", "DELUSER", "reader")


def test_a_lost_database_is_detected(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record_heartbeat()
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(free_port()))
    status, body = get_readiness(client)
    assert status == 503
    assert not body["parts"]["database"]["ok"]
    assert "127.0.0.1" not in str(body)


def test_a_part_that_hangs_does_not_delay_the_response(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record_heartbeat()
    monkeypatch.setattr(readiness, "DEADLINE", 0.5)
    is_over = False

    def hang() -> None:
        while not is_over:
            time.sleep(0.05)

    monkeypatch.setitem(readiness.CHECKS, "storage", hang)
    try:
        assert only_broken("storage", client) == "no response in time"
    finally:
        is_over = True


def test_probes_only_read(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405


def test_the_heartbeat_uses_the_time_of_the_database(valkey: redis.Redis) -> None:
    assert heartbeat.heartbeat_age() is None
    record_heartbeat()
    age = heartbeat.heartbeat_age()
    assert age is not None
    assert 0 <= age < 30
    assert valkey.ttl("dailies:heartbeat") > 60


def test_probes_need_no_account(client: Client, client_of: Callable[[User], Client], charlie: User) -> None:
    record_heartbeat()
    assert client.get("/readyz").status_code == client_of(charlie).get("/readyz").status_code == 200
