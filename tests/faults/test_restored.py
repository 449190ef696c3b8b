"""An older backup is restored, and the provider has continued meanwhile."""

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
    """Run statements on whole databases, which need that no client is connected."""
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
    """Row 61: one job was rendering, one was being posted, one waited; all three were finished after the backup."""
    cluster.provider.configure(polls_until_done=1000)
    (rendering,) = studio.submit()
    wait_until(lambda: state_of(rendering) == State.PROCESSING, what="the first to be rendered")
    cluster.provider.script("submit", pause_at("answer"))
    (posting,) = studio.submit()
    cluster.provider.wait_until_paused("answer")
    cluster.kill("beat")
    (waiting,) = studio.submit()
    administer(cluster, "CREATE DATABASE yesterday TEMPLATE dailies")
    cluster.provider.release("answer")
    cluster.provider.configure(polls_until_done=1)
    cluster.start("beat")
    wait_until(lambda: state_of(waiting) == State.COMPLETED, what="the last to be finished")
    sent = cluster.provider.count("submit")

    for part in ("beat", "worker", "media-worker"):
        cluster.kill(part)
    administer(cluster, "DROP DATABASE dailies", "ALTER DATABASE yesterday RENAME TO dailies")
    told = recheck(cluster)
    assert f"{waiting}: may have been sent" in told
    assert "1 job failed and refunded, 2 jobs continue." in told
    for part in ("worker", "media-worker", "beat"):
        cluster.start(part)
    studio.wait_for(State.COMPLETED, State.FAILED)
    assert [state_of(job) for job in (rendering, posting, waiting)] == [State.COMPLETED, State.FAILED, State.FAILED]
    assert cluster.provider.count("submit") == sent
    assert studio.balance().available == 1000 - PRICE
