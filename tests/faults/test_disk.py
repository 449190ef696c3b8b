"""The disk is full where videos are saved."""

from generations.events.models import Alert
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def check_that_it_waits_for_room(cluster: Cluster, studio: Studio) -> None:
    """The provider has rendered the video and bills it. No empty file is delivered, and staff are alerted."""
    is_alarmed = Alert.objects.open().filter(kind="storage").exists
    wait_until(lambda: studio.job().state == State.SAVING and studio.job().failures, what="a failed saving")
    assert is_alarmed()
    assert studio.balance().held == PRICE
    assert list((cluster.media / f"teams/{studio.team.pk}").rglob("*.mp4")) == []
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
    assert cluster.provider.count("submit") == 1
    assert studio.balance().posted == 1000 - PRICE


def test_no_room_to_download_keeps_a_paid_job_and_its_hold(cluster: Cluster, studio: Studio) -> None:
    """Row 24: the temporary folder is full."""
    cluster.fill_disk("media-worker")
    studio.submit()
    check_that_it_waits_for_room(cluster, studio)


def test_no_room_to_keep_the_video_keeps_a_paid_job_and_its_hold(cluster: Cluster, studio: Studio) -> None:
    """Row 24: the media folder is full after the download."""
    cluster.points.arm("take.inspected")
    studio.submit()
    cluster.points.wait_reached("take.inspected")
    cluster.fill_disk("media-worker")
    cluster.points.release("take.inspected")
    check_that_it_waits_for_room(cluster, studio)
