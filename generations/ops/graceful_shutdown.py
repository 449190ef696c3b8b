"""Shutdown of a worker within a time limit.

On SIGTERM, Celery stops receiving messages and waits for the running tasks without a limit. Celery's cold shutdown
would end them, but it runs inside the signal handler: when the signal interrupts the worker while it writes a message
to its pool, the worker waits forever for the reply to that message. So a thread watches for the shutdown, waits for
WORKER_GRACE and ends the process. The kernel then ends the pool. Messages are only hints and leases expire, so nothing
is lost.
"""

import os
import time
from threading import Thread

import structlog
from celery.worker import state
from django.conf import settings

CHECK_SECONDS = 0.2

log = structlog.get_logger(__name__)


def limit_shutdown_time() -> None:
    """Watch for a shutdown from a thread of the worker's main process, as long as the process runs."""
    Thread(target=_watch, name="graceful-shutdown", daemon=True).start()


def _watch() -> None:
    while (code := _requested_exit_code()) is None:
        time.sleep(CHECK_SECONDS)
    time.sleep(settings.WORKER_GRACE.total_seconds())
    log.warning("worker_tasks_ended", running=len(state.active_requests))
    os._exit(code)


def _requested_exit_code() -> int | None:
    """The exit code of a requested shutdown. Celery stores None or False while there is no request."""
    codes = (code for code in (state.should_stop, state.should_terminate) if code is not None and code is not False)
    return next(codes, None)
