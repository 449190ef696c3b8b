"""Somebody who submits job after job through the pages, whatever happens to the server."""

import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

import httpx
from django.db import connection

from generations.credits.grants import grant_credits
from tests.faults.cluster import Cluster
from tests.faults.studio import open_studio
from tests.faults.visitor import Visitor

T = TypeVar("T")

CREDITS = 10**6
RETRY = 0.2  # seconds


def start_visitor(cluster: Cluster, *, jobs: int, seconds: float) -> BaseProcess:
    """Submit so many jobs in a process of its own, spread over the time."""
    studio = open_studio("Soak")
    grant_credits(team=studio.team, amount=CREDITS, reason="soak", actor=studio.member.user)
    with Visitor(cluster, studio) as visitor:
        connection.close()
        process = get_context("fork").Process(target=_submit_all, args=(visitor, jobs, seconds), daemon=True)
        process.start()
    return process


def _submit_all(visitor: Visitor, jobs: int, seconds: float) -> None:
    started = time.monotonic()
    for number in range(jobs):
        time.sleep(max(0.0, started + seconds * number / jobs - time.monotonic()))
        form = _until_it_works(visitor.filled_form)
        _until_it_works(partial(_submit, visitor, form))


def _submit(visitor: Visitor, form: dict[str, object]) -> None:
    assert visitor.submit(form) == httpx.codes.SEE_OTHER


def _until_it_works(action: Callable[[], T]) -> T:
    """The server is gone, or cannot reach its database: try again. The form's key makes that one job."""
    while True:
        try:
            return action()
        except (httpx.TransportError, AssertionError):
            time.sleep(RETRY)
