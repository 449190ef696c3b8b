"""A worker that is there, is connected, answers pings, and takes no message."""

import signal

import pytest

from generations.events.models import Alert
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import Studio


@pytest.mark.parametrize(("part", "queue"), [("worker", "dailies"), ("saver", "saving")])
def test_a_deaf_worker_ends_itself_and_says_so(cluster: Cluster, studio: Studio, part: str, queue: str) -> None:
    """Row 15: whoever supervises it starts another, which does the work."""
    cluster.restart(part, DEAF_AFTER=1)
    to = [f"{part}@cluster"]
    with cluster.celery() as celery:
        wait_until(lambda: celery.control.cancel_consumer(queue, destination=to, reply=True), what=f"a deaf {part}")
        studio.submit()
        assert cluster.wait_ended(part) == 70
    assert "worker_is_deaf" in cluster.log(part).read_text()
    cluster.start(part)
    studio.wait_for(State.COMPLETED)


def test_staff_are_told_of_videos_that_nobody_brings_home(cluster: Cluster, studio: Studio) -> None:
    """Row 15: no saver runs at all; the other workers are well."""
    cluster.restart("beat", CANARY_FRESH=1)
    is_alarmed = Alert.objects.open().filter(kind="savers").exists
    cluster.stop("saver")
    studio.submit()
    wait_until(is_alarmed, what="the alert")
    cluster.start("saver")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")


def test_staff_are_told_of_silent_workers_and_of_their_return(cluster: Cluster) -> None:
    """Row 15: the beat looks after the canary, so that it takes no worker to tell."""
    cluster.restart("beat", CANARY_FRESH=1)
    is_alarmed = Alert.objects.open().filter(kind="workers").exists
    cluster.signal("worker", signal.SIGSTOP)
    wait_until(is_alarmed, what="the alert")
    cluster.signal("worker", signal.SIGCONT)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
