"""Watchdog of a worker: a worker can be connected to the broker and still receive no messages.

If the worker is idle, messages wait in its queues and it receives none, it is stalled. It then logs a line and exits
with code 70, so that its supervisor restarts it or stops. While it is not stalled, it touches the file named by
WORKER_ALIVE_FILE. An old file shows that the whole process hangs.
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
CHECK_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Watchdog:
    """Measures how long this worker has been idle without receiving the messages that wait in its queues."""

    def __init__(self, queues: Collection[str]) -> None:
        self._queues = queues
        self._received = 0
        self._last_ok = time.monotonic()

    def stalled_seconds(self) -> float:
        received = state.all_total_count[0]
        if received != self._received or state.reserved_requests or not self._waiting_messages():
            self._received = received
            self._last_ok = time.monotonic()
        return time.monotonic() - self._last_ok

    def _waiting_messages(self) -> int:
        """0 while Valkey cannot be reached: then the worker cannot receive anything."""
        try:
            return sum(int(valkey().llen(queue)) for queue in self._queues)
        except RedisError:
            return 0


def start_watchdog() -> None:
    """Run the watchdog in a thread of the worker's main process, as long as the process runs."""
    # Read the queues now: a queue that the worker stops consuming later must count as stalled.
    queues = tuple(current_app.amqp.queues.consume_from)
    Thread(target=_watch, args=(queues,), name="watchdog", daemon=True).start()


def _watch(queues: Collection[str]) -> None:
    watchdog = Watchdog(queues)
    limit = settings.WORKER_STALLED_AFTER.total_seconds()
    alive = os.environ.get("WORKER_ALIVE_FILE")
    while (seconds := watchdog.stalled_seconds()) <= limit:
        if alive:
            Path(alive).touch()
        time.sleep(min(CHECK_SECONDS, limit / 3))
    log.critical("worker_stalled", seconds=round(seconds), explanation="messages wait but this worker receives none")
    os._exit(EXIT_CODE)
