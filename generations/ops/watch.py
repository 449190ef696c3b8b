"""Look after the canary from a process that is no worker: the beat. Staff are told when it falls silent."""

import time
from threading import Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from redis import RedisError

from generations.events.alerts import close_alert, open_alert

from .canary import canary_age

ALERT = "workers"
LOOK_EVERY = 10.0

log = structlog.get_logger(__name__)


def watch_canary() -> None:
    """Watch from a thread of the calling process for as long as it lives."""
    Thread(target=_watch, name="canary", daemon=True).start()


def check_canary(*, watched_for: float) -> None:
    """Open the alert when no worker has finished the canary for too long, close it when one has.

    `watched_for` is for how many seconds somebody has looked: a canary that never came may still be on its way.
    """
    limit = settings.CANARY_FRESH.total_seconds()
    try:
        age = canary_age()
    except RedisError:
        age = None
    if age is not None and age <= limit:
        close_alert(ALERT)
    elif watched_for > limit:
        silent = "" if age is None else f" for {age:.0f} seconds"
        open_alert(
            ALERT,
            f"No worker has finished a task{silent}: workers are gone, deaf or busy with long tasks, "
            "or Valkey is away or full. Jobs wait; nothing is lost.",
        )


def _watch() -> None:
    began = time.monotonic()
    while True:
        time.sleep(min(LOOK_EVERY, settings.CANARY_FRESH.total_seconds() / 3))
        close_old_connections()
        try:
            check_canary(watched_for=time.monotonic() - began)
        except DatabaseError as error:
            log.warning("canary_not_checked", error=type(error).__name__)
