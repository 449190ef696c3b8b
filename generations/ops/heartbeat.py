"""The heartbeat: a small task that runs every few seconds. If it stops, the workers are down or get no messages.

The beat process checks it, because a worker cannot report that all workers are down. It opens and closes staff alerts.
"""

import time
from threading import Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now
from redis import RedisError

from generations.common.clock import database_time
from generations.common.valkey import valkey
from generations.events.staff_alerts import close_alert, open_alert
from generations.jobs.models import Generation, State

WORKERS_ALERT = "workers"
MEDIA_WORKERS_ALERT = "savers"  # the value that earlier versions stored
CHECK_SECONDS = 10.0
_KEY = "dailies:heartbeat"
_KEY_SECONDS = 7 * 24 * 3600

log = structlog.get_logger(__name__)


def record_heartbeat() -> None:
    """Store the database's time in Valkey. Raise redis.RedisError when it cannot be stored."""
    valkey().set(_KEY, repr(_database_epoch()), ex=_KEY_SECONDS)


def heartbeat_age() -> float | None:
    """Seconds since a worker last finished the heartbeat task, by the database's clock. None if none ever did."""
    stored = valkey().get(_KEY)
    return max(0.0, _database_epoch() - float(str(stored))) if stored else None


def start_monitor() -> None:
    """Check the workers from a thread of the calling process, as long as the process runs."""
    Thread(target=_monitor, name="heartbeat-monitor", daemon=True).start()


def check_heartbeat(*, monitored_seconds: float) -> None:
    """Open the alert when the heartbeat is too old, close it when it is recent.

    `monitored_seconds` is how long the monitor has run. Shortly after a start the first heartbeat may still be missing.
    """
    limit = settings.HEARTBEAT_MAX_AGE.total_seconds()
    try:
        age = heartbeat_age()
    except RedisError:
        age = None
    if age is not None and age <= limit:
        close_alert(WORKERS_ALERT)
    elif monitored_seconds > limit:
        since = "" if age is None else f" for {age:.0f} seconds"
        open_alert(
            WORKERS_ALERT,
            f"No worker has finished a task{since}. The workers are down, receive no messages or are busy with long "
            "tasks, or Valkey is down or full. Jobs wait; nothing is lost.",
        )


def check_media_workers() -> None:
    """Open an alert while finished videos wait and no worker saves one.

    The heartbeat does not cover media workers: their tasks take minutes, so a heartbeat would wait behind them.
    """
    waiting = Generation.objects.filter(state=State.SAVING, lease_until=None, failures=0)
    being_saved = Generation.objects.filter(state=State.SAVING, lease_until__gt=Now())
    is_overdue = waiting.filter(state_since__lt=database_time(-settings.HEARTBEAT_MAX_AGE)).exists()
    if is_overdue and not being_saved.exists():
        open_alert(
            MEDIA_WORKERS_ALERT, "Finished videos wait to be saved, but no media worker is running. Nothing is lost."
        )
    else:
        close_alert(MEDIA_WORKERS_ALERT)


def _monitor() -> None:
    started = time.monotonic()
    while True:
        time.sleep(min(CHECK_SECONDS, settings.HEARTBEAT_MAX_AGE.total_seconds() / 3))
        close_old_connections()
        try:
            check_heartbeat(monitored_seconds=time.monotonic() - started)
            check_media_workers()
        except DatabaseError as error:
            log.warning("workers_not_checked", error=type(error).__name__)


def _database_epoch() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        row = cursor.fetchone()
    return float(row[0])
