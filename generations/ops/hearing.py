"""A worker may be connected and yet receive nothing any more. It is the one who can tell, and then it ends.

Deaf is who has nothing to do, while messages wait, and receives none. It ends with a line in the log and exit code 70,
so that whoever started it starts another, or stops loudly. As long as it hears, or nothing is there to hear, it
renews the file that WORKER_ALIVE_FILE names: a worker that stands still is known by an old one.
"""

import os
import time
from collections.abc import Collection
from pathlib import Path
from threading import Thread

import structlog
from celery import current_app
from celery.worker import state
from django.conf import settings
from redis import RedisError

from generations.common.valkey import valkey

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h
LOOK_EVERY = 5.0

log = structlog.get_logger(__name__)


class Hearing:
    """How long this worker has received nothing from its queues although it could and should."""

    def __init__(self, queues: Collection[str]) -> None:
        self._queues = queues
        self._received = 0
        self._heard_at = time.monotonic()

    def silence(self) -> float:
        received = state.all_total_count[0]
        if received != self._received or state.reserved_requests or not self._waiting_messages():
            self._received = received
            self._heard_at = time.monotonic()
        return time.monotonic() - self._heard_at

    def _waiting_messages(self) -> int:
        """None, as far as one can tell, while Valkey is away: then there is nothing to hear."""
        try:
            return sum(int(valkey().llen(queue)) for queue in self._queues)
        except RedisError:
            return 0


def watch_hearing() -> None:
    """Watch from a thread of the worker's main process for as long as it lives."""
    queues = tuple(current_app.amqp.queues.consume_from)  # now: one that it loses is one that it no longer hears
    Thread(target=_watch, args=(queues,), name="hearing", daemon=True).start()


def _watch(queues: Collection[str]) -> None:
    hearing = Hearing(queues)
    patience = settings.DEAF_AFTER.total_seconds()
    alive = os.environ.get("WORKER_ALIVE_FILE")
    while (silence := hearing.silence()) <= patience:
        if alive:
            Path(alive).touch()
        time.sleep(min(LOOK_EVERY, patience / 3))
    log.critical("worker_is_deaf", seconds=round(silence), explanation="messages wait, and none arrives here")
    os._exit(EXIT_CODE)
