"""Tell open pages that something changed. A hint, never the truth: pages ask again for what they show."""

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

from .feed import stream_key

STREAM_LENGTH = 1_000
_STREAM_LIFE = 24 * 3600  # seconds after a team's last event
_MOST_WAITING = 10_000  # the oldest are forgotten

Hint = tuple[str, str, str]  # the stream, the field and the text

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()
_waiting: deque[Hint] = deque(maxlen=_MOST_WAITING)


def announce(*, team_id: int, kind: str, subject_id: UUID, state: str = "", author_id: int | None = None) -> None:
    """Tell the team's open pages once the present transaction has committed, or at once outside of one.

    Only identifiers and a state travel: no prompt, no name, no address. Every member of the team may receive them.
    Nothing is raised: without Valkey the hint is lost, and pages find out by themselves.
    """
    hint = _hint(team_id, kind, subject_id, state, author_id)
    transaction.on_commit(partial(_publish, [hint]), robust=True)


def announce_soon(*, team_id: int, kind: str, subject_id: UUID, state: str = "", author_id: int | None = None) -> None:
    """The same for whoever has somebody waiting: from a thread of its own, and many in one round trip."""
    hint = _hint(team_id, kind, subject_id, state, author_id)
    transaction.on_commit(partial(_put_out, hint), robust=True)


def doubt_listeners(*team_ids: int) -> None:
    """Have everyone who listens to these teams judged anew, once the present transaction has committed.

    For whatever takes a right away. Without Valkey the open streams find out by themselves, within a minute.
    """
    hints = [(stream_key(team_id), "doubt", "") for team_id in team_ids]
    transaction.on_commit(partial(_publish, hints), robust=True)


def _hint(team_id: int, kind: str, subject_id: UUID, state: str, author_id: int | None) -> Hint:
    data = {"kind": kind, "subject_id": str(subject_id), "state": state, "author_id": author_id}
    return stream_key(team_id), "data", json.dumps(data)


def _put_out(hint: Hint) -> None:
    _waiting.append(hint)
    _publisher.trigger()


def _publish_waiting() -> None:
    _publish([_waiting.popleft() for _ in range(len(_waiting))])


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
        log.warning("live_event_lost", hints=len(hints), error=type(error).__name__)


_publisher = Debouncer(_publish_waiting)
