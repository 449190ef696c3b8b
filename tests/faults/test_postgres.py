"""PostgreSQL restarts, refuses connections, is slow, deadlocks, is full, or loses the connection at a COMMIT."""

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

from .cluster import Cluster, wait_until
from .cut import Relay
from .studio import PRICE, Studio
from .visitor import Visitor


@pytest.fixture
def relay(cluster: Cluster, tmp_path: Path) -> Iterator[Relay]:
    with Relay(tmp_path / "relay", cluster.postgres.sockets) as relay:
        yield relay


def through(relay: Relay, cluster: Cluster) -> dict[str, object]:
    """Settings of a part that connects to the database through the relay."""
    return {"DATABASES": {"default": {**cluster.database, "HOST": str(relay.folder)}}}


def impatient(cluster: Cluster) -> dict[str, object]:
    """Settings of a part with a short lock timeout."""
    url = f"{cluster.postgres.url}&options=-c%20lock_timeout%3D300ms"
    return {"DATABASES": {"default": database_settings(url)}}


def test_a_restart_in_the_middle_of_work_costs_no_job(cluster: Cluster, studio: Studio) -> None:
    """Row 20: a take is about to be charged, and two jobs are being sent to the provider."""
    cluster.points.arm("take.stored")
    studio.submit()
    cluster.points.wait_reached("take.stored")
    cluster.provider.script("upload", pause_at("upload"), pause_at("upload"))
    studio.submit(2)
    cluster.provider.wait_until_paused(
        "upload", 2
    )  # before their attempts are stored: a POST that is cut off is correctly not repeated
    worker = cluster.process("worker").pid
    connection.close()
    cluster.kill("postgres")
    cluster.points.release("take.stored")
    cluster.provider.release("upload")
    cluster.start("postgres")
    studio.wait_for(State.COMPLETED)
    assert cluster.process("worker").pid == worker
    assert (len(studio.jobs()), cluster.provider.count("submit")) == (3, 3)
    assert studio.balance().posted == 1000 - 3 * PRICE


def test_while_it_is_away_nothing_is_taken_and_afterwards_all_works(cluster: Cluster, studio: Studio) -> None:
    """Row 20: pages report it for that time, and nothing has to be restarted."""
    cluster.start("web")
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        connection.close()
        cluster.kill("postgres")
        assert visitor.submit(form) == 503
        cluster.start("postgres")
        assert studio.jobs() == []
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_a_submit_cut_off_at_its_commit_is_one_job_after_the_retry(
    cluster: Cluster, studio: Studio, relay: Relay
) -> None:
    """Row 21: the user does not know whether the job is stored; sending the same form again returns the same job."""
    cluster.start("web", **through(relay, cluster))
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        relay.arm(form["prompt"], is_alone=True)
        assert visitor.submit(form) == 503
        relay.wait_cut()
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - studio.job().price


def test_a_charge_cut_off_at_its_commit_is_made_once(cluster: Cluster, studio: Studio, relay: Relay) -> None:
    """Row 21: the worker does not know whether the take is charged; the row tells."""
    cluster.restart("media-worker", **through(relay, cluster))
    relay.arm("capture")
    studio.submit()
    relay.wait_cut()
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - PRICE


def test_the_loser_of_a_deadlock_begins_again(cluster: Cluster, studio: Studio) -> None:
    """Row 22: the submit locks the wallet and waits for the team; the other locks the team and waits for the wallet."""
    submitting = Thread(target=lambda: (studio.submit(), connection.close()))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '10s'")  # so that the other one detects it and is aborted
        Team.objects.select_for_update().get(pk=studio.team.pk)
        submitting.start()
        wait_until(_somebody_waits_for_a_lock, what="the submit to wait for the team")
        Wallet.objects.select_for_update().get(team=studio.team)
    submitting.join()
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - PRICE


def test_a_lock_that_is_not_given_is_a_503_and_holds_nothing(cluster: Cluster, studio: Studio) -> None:
    """Rows 22 and 23: a slow database blocks neither pages nor workers; they retry."""
    cluster.start("web", **impatient(cluster))
    cluster.restart("worker", **impatient(cluster))
    (waiting,) = studio.submit()
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE generations_generation IN ACCESS EXCLUSIVE MODE")
            assert visitor.submit(form) == 503
            assert visitor.get("/jobs/").status_code == 503
        assert [job.pk for job in studio.jobs()] == [waiting]
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)


def test_no_connection_left_is_a_503_until_one_is_free(cluster: Cluster, studio: Studio) -> None:
    """Row 23: the server accepts no more connections."""
    cluster.start("web")
    with Visitor(cluster, studio) as visitor, ExitStack() as others:
        form = visitor.filled_form()
        for name in ("worker", "media-worker", "beat"):  # their connections would open and close
            cluster.signal(name, signal.SIGSTOP)
        _drop_the_connections_of_others()
        _take_every_connection(cluster, others)
        assert visitor.submit(form) == 503
        others.close()
        for name in ("worker", "media-worker", "beat"):
            cluster.signal(name, signal.SIGCONT)
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)


def test_a_full_disk_of_the_database_takes_nothing(cluster: Cluster, studio: Studio) -> None:
    """Row 24: PostgreSQL reports a full disk for the row."""
    cluster.start("web")
    with Visitor(cluster, studio) as visitor:
        form = visitor.filled_form()
        with connection.cursor() as cursor:
            cursor.execute(_FULL)
            assert visitor.submit(form) == 503
            cursor.execute("DROP FUNCTION no_room CASCADE")
        assert (studio.jobs(), studio.balance().available) == ([], 1000)
        assert visitor.submit(form) == 303
    studio.wait_for(State.COMPLETED)


_FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON generations_generation FOR EACH ROW EXECUTE FUNCTION no_room();
"""


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def _drop_the_connections_of_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def _take_every_connection(cluster: Cluster, others: ExitStack) -> None:
    while True:
        try:
            others.enter_context(psycopg.connect(cluster.postgres.url))
        except psycopg.OperationalError:
            return
