import json
from uuid import uuid4

import pytest
import redis
from django.db import transaction
from pytest_django import Settings

from generations.common.valkey import CircuitBreaker
from generations.events import live
from generations.events.streams.feed import stream_key
from project.stack.ports import free_port
from tests.events.sse import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _circuit_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_circuit_breaker", CircuitBreaker())


def test_a_hint_contains_only_ids_and_a_state(valkey: redis.Redis) -> None:
    subject = uuid4()
    live.announce(team_id=7, kind="generation", subject_id=subject, state="saving", author_id=3)
    [(_, fields)] = valkey.xrange(stream_key(7))
    assert list(fields) == [b"data"]
    published = json.loads(fields[b"data"])
    assert published == {"kind": "generation", "subject_id": str(subject), "state": "saving", "author_id": 3}


def test_a_hint_is_published_after_the_commit(valkey: redis.Redis) -> None:
    with transaction.atomic():
        live.announce(team_id=7, kind="generation", subject_id=uuid4())
        assert valkey.xlen(stream_key(7)) == 0
    assert valkey.xlen(stream_key(7)) == 1


def test_background_hints_keep_their_order(valkey: redis.Redis) -> None:
    subjects = [uuid4() for _ in range(200)]
    with transaction.atomic():
        for subject in subjects:
            live.announce_in_background(team_id=7, kind="generation", subject_id=subject, state="queued")
        assert valkey.xlen(stream_key(7)) == 0
    eventually(lambda: valkey.xlen(stream_key(7)) == 200 and valkey.ttl(stream_key(7)) > 0)
    published = [json.loads(fields[b"data"])["subject_id"] for _, fields in valkey.xrange(stream_key(7))]
    assert published == [str(subject) for subject in subjects]


def test_a_rollback_publishes_nothing(valkey: redis.Redis) -> None:
    with transaction.atomic():
        live.announce(team_id=7, kind="generation", subject_id=uuid4())
        transaction.set_rollback(True)
    assert valkey.xlen(stream_key(7)) == 0


def test_streams_are_trimmed_and_expire(valkey: redis.Redis) -> None:
    for _ in range(1_300):
        live.announce(team_id=7, kind="generation", subject_id=uuid4())
    assert live.STREAM_LENGTH <= valkey.xlen(stream_key(7)) < 1_300
    assert 0 < valkey.ttl(stream_key(7)) <= 24 * 3600


def test_without_valkey_the_caller_continues(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with transaction.atomic():
        live.announce(team_id=7, kind="generation", subject_id=uuid4())
    for _ in range(1_000):
        live.announce(team_id=7, kind="generation", subject_id=uuid4())
    assert caplog.text.count("live_hints_lost") == 1


def test_hints_resume_when_valkey_is_back(
    settings: Settings, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = settings.REDIS_URL
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    live.announce(team_id=7, kind="generation", subject_id=uuid4())
    settings.REDIS_URL = working
    monkeypatch.setattr(live, "_circuit_breaker", CircuitBreaker())
    live.announce(team_id=7, kind="generation", subject_id=uuid4())
    assert valkey.xlen(stream_key(7)) == 1
