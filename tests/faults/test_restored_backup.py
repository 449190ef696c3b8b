"""A backup of yesterday is restored, but the provider has continued."""

import subprocess
import sys

import psycopg
from django.db import connection

from generations.jobs.models import Generation, State
from tests.fakes.behaviors import pause_at

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def state_of(job: object) -> str:
    return Generation.objects.get(pk=job).state


def administer(cluster: Cluster, *statements: str) -> None:
    """Run statements about whole databases. They need all connections closed."""
    connection.close()
    name = cluster.database["NAME"]
    with psycopg.connect(cluster.postgres.url, dbname="postgres", autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        for statement in statements:
            admin.execute(statement)


def recheck(cluster: Cluster) -> str:
    command = [sys.executable, "manage.py", "recheck_restored"]
    done = subprocess.run(command, env=cluster.environment({}), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_is_sent_twice_after_a_restored_backup(cluster: Cluster, studio: Studio) -> None:
    """Row 61: one job was rendering, one was being posted, one was queued. All three finished after the backup."""
    cluster.provider.configure(polls_until_done=1000)
    (rendering,) = studio.submit()
    wait_until(lambda: state_of(rendering) == State.PROCESSING, what="the first to be rendered")
    cluster.provider.script("submit", pause_at("response"))
    (posting,) = studio.submit()
    cluster.provider.wait_until_paused("response")
    cluster.kill("beat")
    (waiting,) = studio.submit()
    administer(cluster, "CREATE DATABASE yesterday TEMPLATE dailies")
    cluster.provider.release("response")
    cluster.provider.configure(polls_until_done=1)
    cluster.start("beat")
    wait_until(lambda: state_of(waiting) == State.COMPLETED, what="the last to be finished")
    sent = cluster.provider.count("submit")

    for part in ("beat", "worker", "media-worker"):
        cluster.kill(part)
    administer(cluster, "DROP DATABASE dailies", "ALTER DATABASE yesterday RENAME TO dailies")
    output = recheck(cluster)
    assert f"{waiting}: may have been sent" in output
    assert "1 job failed and refunded, 2 jobs continue." in output
    for part in ("worker", "media-worker", "beat"):
        cluster.start(part)
    studio.wait_for(State.COMPLETED, State.FAILED)
    assert [state_of(job) for job in (rendering, posting, waiting)] == [State.COMPLETED, State.FAILED, State.FAILED]
    assert cluster.provider.count("submit") == sent
    assert studio.balance().available == 1000 - PRICE
