"""A user who submits jobs through the pages and retries when the server is down."""

import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

import httpx
from django.db import connection

from generations.credits.grants import grant_credits
from tests.faults.browser_user import BrowserUser
from tests.faults.cluster import Cluster
from tests.faults.studio import open_studio

T = TypeVar("T")

CREDITS = 10**6
RETRY_SECONDS = 0.2


def start_submitter(cluster: Cluster, *, jobs: int, seconds: float) -> BaseProcess:
    """Submit so many jobs in a separate process, evenly over the time."""
    studio = open_studio("Soak")
    grant_credits(team=studio.team, amount=CREDITS, reason="soak", actor=studio.member.user)
    with BrowserUser(cluster, studio) as user:
        connection.close()
        process = get_context("fork").Process(target=_submit_all, args=(user, jobs, seconds), daemon=True)
        process.start()
    return process


def _submit_all(user: BrowserUser, jobs: int, seconds: float) -> None:
    started = time.monotonic()
    for number in range(jobs):
        time.sleep(max(0.0, started + seconds * number / jobs - time.monotonic()))
        form = _retry(user.filled_form)
        _retry(partial(_submit, user, form))


def _submit(user: BrowserUser, form: dict[str, object]) -> None:
    assert user.submit(form) == httpx.codes.SEE_OTHER


def _retry(action: Callable[[], T]) -> T:
    """Retry while the server or its database is down. The idempotency key of the form makes it one job."""
    while True:
        try:
            return action()
        except (httpx.TransportError, AssertionError):
            time.sleep(RETRY_SECONDS)
