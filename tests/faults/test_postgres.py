"""PostgreSQL restarts, rejects connections, is slow, deadlocks, has a full disk, or is cut off at a COMMIT."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from django.db import connection, transaction

from generations.accounts.models import Team
from generations.credits.models import Wallet
from generations.jobs.models import State
from project.env import database_settings
from tests.fakes.behaviors import pause_at

from .browser_user import BrowserUser
from .cluster import Cluster, wait_until
from .relay import Relay
from .studio import PRICE, Studio


@pytest.fixture
def relay(cluster: Cluster, tmp_path: Path) -> Iterator[Relay]:
    with Relay(tmp_path / "relay", cluster.postgres.sockets) as relay:
        yield relay


def through(relay: Relay, cluster: Cluster) -> dict[str, object]:
    """The settings of a process that uses the database through the relay."""
    return {"DATABASES": {"default": {**cluster.database, "HOST": str(relay.folder)}}}


def short_lock_timeout(cluster: Cluster) -> dict[str, object]:
    """The settings of a process that waits only a short time for a lock."""
    url = f"{cluster.postgres.url}&options=-c%20lock_timeout%3D300ms"
    return {"DATABASES": {"default": database_settings(url)}}


def test_a_restart_during_work_loses_no_job(cluster: Cluster, studio: Studio) -> None:
    """Row 20: while a take is being charged and two jobs are being sent to the provider."""
    cluster.failpoints.arm("take.stored")
    studio.submit()
    cluster.failpoints.wait_reached("take.stored")
    cluster.provider.script("upload", pause_at("upload"), pause_at("upload"))
    studio.submit(2)
    # Neither has an attempt yet: an interrupted attempt would not be repeated.
    cluster.provider.wait_until_paused("upload", 2)
    worker = cluster.process("worker").pid
    connection.close()
    cluster.kill("postgres")
    cluster.failpoints.release("take.stored")
    cluster.provider.release("upload")
    cluster.start("postgres")
    studio.wait_for(State.COMPLETED)
    assert cluster.process("worker").pid == worker
    assert (len(studio.jobs()), cluster.provider.count("submit")) == (3, 3)
    assert studio.balance().posted == 1000 - 3 * PRICE


def test_an_outage_accepts_no_job_and_afterwards_everything_works(cluster: Cluster, studio: Studio) -> None:
    """Row 20: meanwhile pages return 503, and no restart is needed."""
    cluster.start("web")
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        connection.close()
        cluster.kill("postgres")
        assert user.submit(form) == 503
        cluster.start("postgres")
        assert studio.jobs() == []
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_a_submit_cut_off_at_its_commit_is_one_job_after_the_retry(
    cluster: Cluster, studio: Studio, relay: Relay
) -> None:
    """Row 21: the user cannot know whether it is stored. The same form again is the same job."""
    cluster.start("web", **through(relay, cluster))
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        relay.arm(form["prompt"], is_alone=True)
        assert user.submit(form) == 503
        relay.wait_cut()
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_a_charge_cut_off_at_its_commit_is_charged_once(cluster: Cluster, studio: Studio, relay: Relay) -> None:
    """Row 21: the worker cannot know whether the take is charged, so it reads the row."""
    cluster.restart("media-worker", **through(relay, cluster))
    relay.arm("capture")
    studio.submit()
    relay.wait_cut()
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - PRICE


def test_a_transaction_is_retried_after_a_deadlock(cluster: Cluster, studio: Studio) -> None:
    """Row 22: the submit locks the wallet and waits for the team; the other transaction does the reverse."""
    submitting = Thread(target=lambda: (studio.submit(), connection.close()))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The submit detects the deadlock first and is canceled.
            cursor.execute("SET LOCAL deadlock_timeout = '10s'")
        Team.objects.select_for_update().get(pk=studio.team.pk)
        submitting.start()
        wait_until(_is_any_lock_awaited, what="the submit to wait for the team")
        Wallet.objects.select_for_update().get(team=studio.team)
    submitting.join()
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - PRICE


def test_a_lock_timeout_is_a_503_and_blocks_nothing(cluster: Cluster, studio: Studio) -> None:
    """Rows 22 and 23: a slow database does not block pages and workers. They try again later."""
    cluster.start("web", **short_lock_timeout(cluster))
    cluster.restart("worker", **short_lock_timeout(cluster))
    (waiting,) = studio.submit()
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE generations_generation IN ACCESS EXCLUSIVE MODE")
            assert user.submit(form) == 503
            assert user.get("/jobs/").status_code == 503
        assert [job.pk for job in studio.jobs()] == [waiting]
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)


def test_without_a_free_connection_pages_are_a_503(cluster: Cluster, studio: Studio) -> None:
    """Row 23: the server accepts no more connections."""
    cluster.start("web")
    with BrowserUser(cluster, studio) as user, ExitStack() as others:
        form = user.filled_form()
        for name in ("worker", "media-worker", "beat"):  # their connections would come and go
            cluster.signal(name, signal.SIGSTOP)
        _terminate_other_connections()
        _use_all_connections(cluster, others)
        assert user.submit(form) == 503
        others.close()
        for name in ("worker", "media-worker", "beat"):
            cluster.signal(name, signal.SIGCONT)
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)


def test_a_full_disk_of_the_database_accepts_no_job(cluster: Cluster, studio: Studio) -> None:
    """Row 24: PostgreSQL reports that there is no space for the row."""
    cluster.start("web")
    with BrowserUser(cluster, studio) as user:
        form = user.filled_form()
        with connection.cursor() as cursor:
            cursor.execute(_FULL)
            assert user.submit(form) == 503
            cursor.execute("DROP FUNCTION no_space CASCADE")
        assert (studio.jobs(), studio.balance().available) == ([], 1000)
        assert user.submit(form) == 303
    studio.wait_for(State.COMPLETED)


_FULL = """
CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_space BEFORE INSERT ON generations_generation FOR EACH ROW EXECUTE FUNCTION no_space();
"""


def _is_any_lock_awaited() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def _terminate_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def _use_all_connections(cluster: Cluster, others: ExitStack) -> None:
    while True:
        try:
            others.enter_context(psycopg.connect(cluster.postgres.url))
        except psycopg.OperationalError:
            return
