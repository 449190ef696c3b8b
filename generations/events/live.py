"""Tell open pages that something changed. A hint, never the truth: pages ask again for what they show."""

import json
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from redis import RedisError

from generations.common.valkey import Pause, valkey

from .feed import stream_key

STREAM_LENGTH = 1_000
_STREAM_LIFE = 24 * 3600  # seconds after a team's last event

log = structlog.get_logger(__name__)
_pause = Pause()


def announce(*, team_id: int, kind: str, subject_id: UUID, state: str = "", author_id: int | None = None) -> None:
    """Tell the team's open pages once the present transaction has committed, or at once outside of one.

    Only identifiers and a state travel: no prompt, no name, no address. Every member of the team may receive them.
    Nothing is raised: without Valkey the hint is lost, and pages find out by themselves.
    """
    data = {"kind": kind, "subject_id": str(subject_id), "state": state, "author_id": author_id}
    transaction.on_commit(partial(_publish, team_id, json.dumps(data)), robust=True)


def _publish(team_id: int, data: str) -> None:
    if _pause.is_on:
        return
    try:
        with valkey().pipeline(transaction=False) as pipe:
            pipe.xadd(stream_key(team_id), {"data": data}, maxlen=STREAM_LENGTH, approximate=True)
            pipe.expire(stream_key(team_id), _STREAM_LIFE)
            pipe.execute()
    except RedisError as error:
        _pause.begin()
        log.warning("live_event_lost", team_id=team_id, error=type(error).__name__)
