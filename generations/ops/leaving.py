"""A worker that is asked to end does so in time, whatever its tasks are at.

Asked by SIGTERM, Celery takes no more messages and waits for the running tasks, however long they take. Its cold
shutdown would end them, but does so from within the signal handler: when the signal falls into the writing of a
message to the pool, it waits there for ever for the answer to that message. So a thread looks on, lets the tasks run
for a moment, and ends the process; the kernel ends the pool with it. Messages are hints, and leases run out, so
nothing is lost.
"""

import os
import time
from threading import Thread

import structlog
from celery.worker import state
from django.conf import settings

LOOK_EVERY = 0.2

log = structlog.get_logger(__name__)


def end_in_time() -> None:
    """Look on from a thread of the worker's main process for as long as it lives."""
    Thread(target=_look_on, name="leaving", daemon=True).start()


def _look_on() -> None:
    while (code := _asked_to_end()) is None:
        time.sleep(LOOK_EVERY)
    time.sleep(settings.WORKER_GRACE.total_seconds())
    log.warning("worker_ends_tasks", running=len(state.active_requests))
    os._exit(code)


def _asked_to_end() -> int | None:
    """The exit code asked for. Celery keeps None or False where it was not asked."""
    asked = (code for code in (state.should_stop, state.should_terminate) if code is not None and code is not False)
    return next(asked, None)
