"""A worker that is there, is connected, answers pings, and takes no message."""

import signal

from generations.events.models import Alert
from generations.jobs.states import State

from .cluster import Cluster, wait_until
from .studio import Studio


def test_a_deaf_worker_ends_itself_and_says_so(cluster: Cluster, studio: Studio) -> None:
    """Row 15: whoever supervises it starts another, which does the work."""
    cluster.restart("worker", DEAF_AFTER=1)
    with cluster.celery() as celery:
        wait_until(lambda: celery.control.cancel_consumer("dailies", reply=True), what="the worker to be deaf")
        studio.submit()
        assert cluster.wait_ended("worker") == 70
    assert "worker_is_deaf" in _log(cluster)
    cluster.start("worker")
    studio.wait_for(State.COMPLETED)


def test_staff_are_told_of_silent_workers_and_of_their_return(cluster: Cluster) -> None:
    """Row 15: the beat looks after the canary, so that it takes no worker to tell."""
    cluster.restart("beat", CANARY_FRESH=1)
    is_alarmed = Alert.objects.open().filter(kind="workers").exists
    cluster.signal("worker", signal.SIGSTOP)
    wait_until(is_alarmed, what="the alert")
    cluster.signal("worker", signal.SIGCONT)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")


def _log(cluster: Cluster) -> str:
    return cluster.log("worker").read_text()
