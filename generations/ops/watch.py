"""Look after the workers from a process that is none: the beat. Staff are told when nobody does the work."""

import time
from threading import Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.models.functions import Now
from redis import RedisError

from generations.common.clock import database_time
from generations.events.alerts import close_alert, open_alert
from generations.jobs.models import Generation, State

from .canary import canary_age

ALERT = "workers"
SAVERS_ALERT = "savers"
LOOK_EVERY = 10.0

log = structlog.get_logger(__name__)


def watch_workers() -> None:
    """Watch from a thread of the calling process for as long as it lives."""
    Thread(target=_watch, name="watch", daemon=True).start()


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


def check_savers() -> None:
    """Open an alert while finished videos wait and nobody is at any. No canary could tell: savers are busy for long."""
    waiting = Generation.objects.filter(state=State.SAVING, lease_until=None, failures=0)
    saved = Generation.objects.filter(state=State.SAVING, lease_until__gt=Now())
    if waiting.filter(state_since__lt=database_time(-settings.CANARY_FRESH)).exists() and not saved.exists():
        open_alert(SAVERS_ALERT, "Finished videos wait and nobody brings them home: no saver runs. Nothing is lost.")
    else:
        close_alert(SAVERS_ALERT)


def _watch() -> None:
    began = time.monotonic()
    while True:
        time.sleep(min(LOOK_EVERY, settings.CANARY_FRESH.total_seconds() / 3))
        close_old_connections()
        try:
            check_canary(watched_for=time.monotonic() - began)
            check_savers()
        except DatabaseError as error:
            log.warning("workers_not_watched", error=type(error).__name__)
