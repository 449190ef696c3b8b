"""The web process is killed during a submit."""

import signal
from threading import Thread

import httpx
from django.db import connection, transaction

from generations.credits.models import Wallet
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import Studio
from .visitor import Visitor


def press_the_button(visitor: Visitor, form: dict[str, str]) -> Thread:
    """Submit in the background; the connection breaks with the server."""

    def press() -> None:
        try:
            visitor.submit(form)
        except httpx.TransportError:
            return

    thread = Thread(target=press)
    thread.start()
    return thread


def is_row_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')")
        (is_waiting,) = cursor.fetchone()
    return bool(is_waiting)


def test_before_the_commit_nothing_is_stored_and_the_retry_works(cluster: Cluster, studio: Studio) -> None:
    """Row 1: the hold and the job are one statement, and its process dies in the middle of it.

    PostgreSQL may still end the statement without it: then the retry finds the job.
    """
    cluster.start("web")
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        with transaction.atomic():
            Wallet.objects.select_for_update().get(team=studio.member.team_id)
            pressing = press_the_button(visitor, form)
            wait_until(is_row_waited_for)
            cluster.kill("web")
            pressing.join()
            assert (studio.jobs(), studio.balance().available) == ([], 1000)
        cluster.start("web")
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_after_the_commit_the_job_is_found_and_the_retry_is_the_same_job(cluster: Cluster, studio: Studio) -> None:
    """Row 2: no message was sent; the dispatcher finds the row."""
    cluster.signal("worker", signal.SIGSTOP)
    cluster.start("web")
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        cluster.points.arm("hint.committed")
        pressing = press_the_button(visitor, form)
        cluster.points.wait_reached("hint.committed")
        cluster.kill("web")
        pressing.join()
        cluster.signal("worker", signal.SIGCONT)
        studio.wait_for(State.COMPLETED)
        cluster.start("web")
        assert visitor.submit(form) == 303
    assert (studio.states(), studio.balance().posted) == ([State.COMPLETED], 1000 - studio.job().price)
