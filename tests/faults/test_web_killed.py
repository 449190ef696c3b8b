"""The web process is killed during a submit."""

import signal
from threading import Thread

import httpx
from django.db import connection, transaction

from generations.credits.models import Wallet
from generations.jobs.models import State

from .browser_user import BrowserUser
from .cluster import Cluster, wait_until
from .studio import Studio


def submit_in_background(user: BrowserUser, form: dict[str, str]) -> Thread:
    """Submit in a thread. The connection breaks when the server is killed."""

    def submit() -> None:
        try:
            user.submit(form)
        except httpx.TransportError:
            return

    thread = Thread(target=submit)
    thread.start()
    return thread


def is_row_lock_awaited() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')")
        (is_waiting,) = cursor.fetchone()
    return bool(is_waiting)


def test_before_the_commit_nothing_is_stored_and_the_retry_works(cluster: Cluster, studio: Studio) -> None:
    """Row 1: the process is killed inside the transaction of the submit.

    PostgreSQL may still commit it: then the retry finds the job.
    """
    cluster.start("web")
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        with transaction.atomic():
            Wallet.objects.select_for_update().get(team=studio.member.team_id)
            submitting = submit_in_background(user, form)
            wait_until(is_row_lock_awaited)
            cluster.kill("web")
            submitting.join()
            assert (studio.jobs(), studio.balance().available) == ([], 1000)
        cluster.start("web")
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_after_the_commit_the_job_is_found_and_the_retry_returns_it(cluster: Cluster, studio: Studio) -> None:
    """Row 2: no message was sent. The dispatcher finds the row."""
    cluster.signal("worker", signal.SIGSTOP)
    cluster.start("web")
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        cluster.failpoints.arm("hint.committed")
        submitting = submit_in_background(user, form)
        cluster.failpoints.wait_reached("hint.committed")
        cluster.kill("web")
        submitting.join()
        cluster.signal("worker", signal.SIGCONT)
        studio.wait_for(State.COMPLETED)
        cluster.start("web")
        assert user.submit(form) == 303
    assert (studio.states(), studio.balance().posted) == ([State.COMPLETED], 1000 - studio.job().price)
