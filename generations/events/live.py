"""Publish live hints to open pages. A hint is never the truth: pages read again what they show."""

import json
from collections import deque
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from redis import RedisError

from generations.common.debounce import Debouncer
from generations.common.valkey import CircuitBreaker, valkey

from .streams.feed import stream_key

STREAM_LENGTH = 1_000
_STREAM_LIFE = 24 * 3600  # seconds after a team's last event
_MAX_QUEUED = 10_000  # beyond this the oldest are dropped

Hint = tuple[str, str, str]  # the stream, the field and the text

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()
_queue: deque[Hint] = deque(maxlen=_MAX_QUEUED)


def announce(*, team_id: int, kind: str, subject_id: UUID, state: str = "", author_id: int | None = None) -> None:
    """Publish a hint to the team's open pages after the commit, or immediately outside of a transaction.

    It contains only identifiers and a state: no prompt, no name, no address. Every member of the team may receive it.
    Nothing is raised: without Valkey the hint is lost, and pages poll.
    """
    hint = _hint(team_id, kind, subject_id, state, author_id)
    transaction.on_commit(partial(_publish, [hint]), robust=True)


def announce_in_background(
    *, team_id: int, kind: str, subject_id: UUID, state: str = "", author_id: int | None = None
) -> None:
    """Do the same from another thread, many hints in one round trip. For code that a user waits for."""
    hint = _hint(team_id, kind, subject_id, state, author_id)
    transaction.on_commit(partial(_enqueue, hint), robust=True)


def revalidate_subscribers(*team_ids: int) -> None:
    """Have every subscriber of these teams checked again, after the commit. Call it when a right was removed.

    Without Valkey the open streams check by themselves, within a minute.
    """
    hints = [(stream_key(team_id), "revalidate", "") for team_id in team_ids]
    transaction.on_commit(partial(_publish, hints), robust=True)


def _hint(team_id: int, kind: str, subject_id: UUID, state: str, author_id: int | None) -> Hint:
    data = {"kind": kind, "subject_id": str(subject_id), "state": state, "author_id": author_id}
    return stream_key(team_id), "data", json.dumps(data)


def _enqueue(hint: Hint) -> None:
    _queue.append(hint)
    _publisher.trigger()


def _publish_queue() -> None:
    _publish([_queue.popleft() for _ in range(len(_queue))])


def _publish(hints: Sequence[Hint]) -> None:
    if _circuit_breaker.is_open:
        return
    try:
        with valkey().pipeline(transaction=False) as pipe:
            for stream, field, text in hints:
                pipe.xadd(stream, {field: text}, maxlen=STREAM_LENGTH, approximate=True)
            for stream in {stream for stream, _, _ in hints}:
                pipe.expire(stream, _STREAM_LIFE)
            pipe.execute()
    except RedisError as error:
        _circuit_breaker.trip()
        log.warning("live_hints_lost", hints=len(hints), error=type(error).__name__)


_publisher = Debouncer(_publish_queue)
