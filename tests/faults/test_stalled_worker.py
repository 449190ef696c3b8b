"""A worker that is connected and responds to pings, but receives no messages."""

import signal

import pytest

from generations.events.models import Alert
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import Studio


@pytest.mark.parametrize(("part", "queue"), [("worker", "dailies"), ("media-worker", "media")])
def test_a_stalled_worker_exits_and_logs_it(cluster: Cluster, studio: Studio, part: str, queue: str) -> None:
    """Row 15: its supervisor starts it again, and the new process does the work."""
    cluster.restart(part, WORKER_STALLED_AFTER=1)
    to = [f"{part}@cluster"]
    with cluster.celery() as celery:
        wait_until(
            lambda: celery.control.cancel_consumer(queue, destination=to, reply=True), what=f"{part} to stop consuming"
        )
        studio.submit()
        assert cluster.wait_ended(part) == 70
    assert "worker_stalled" in cluster.log(part).read_text()
    cluster.start(part)
    studio.wait_for(State.COMPLETED)


def test_staff_get_an_alert_about_videos_that_are_not_saved(cluster: Cluster, studio: Studio) -> None:
    """Row 15: no media worker runs; the other workers do."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    is_alarmed = Alert.objects.open().filter(kind="savers").exists
    cluster.stop("media-worker")
    studio.submit()
    wait_until(is_alarmed, what="the alert")
    cluster.start("media-worker")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")


def test_staff_get_an_alert_about_stopped_workers_until_they_return(cluster: Cluster) -> None:
    """Row 15: the beat process checks the heartbeat, so no worker is needed for the alert."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    is_alarmed = Alert.objects.open().filter(kind="workers").exists
    cluster.signal("worker", signal.SIGSTOP)
    wait_until(is_alarmed, what="the alert")
    cluster.signal("worker", signal.SIGCONT)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
