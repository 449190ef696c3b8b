"""The disk for videos is full."""

from generations.events.models import Alert
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def check_that_the_job_waits_for_space(cluster: Cluster, studio: Studio) -> None:
    """The provider bills the video, so the job waits. No empty video is delivered, and staff get an alert."""
    is_alarmed = Alert.objects.open().filter(kind="storage").exists
    wait_until(lambda: studio.job().state == State.SAVING and studio.job().failures, what="a failed attempt to save")
    assert is_alarmed()
    assert studio.balance().held == PRICE
    assert list((cluster.media / f"teams/{studio.team.pk}").rglob("*.mp4")) == []
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
    assert cluster.provider.count("submit") == 1
    assert studio.balance().posted == 1000 - PRICE


def test_a_job_waits_with_its_hold_if_there_is_no_space_to_download(cluster: Cluster, studio: Studio) -> None:
    """Row 24: the temporary folder."""
    cluster.fill_disk("media-worker")
    studio.submit()
    check_that_the_job_waits_for_space(cluster, studio)


def test_a_job_waits_with_its_hold_if_there_is_no_space_to_store_the_video(cluster: Cluster, studio: Studio) -> None:
    """Row 24: the media folder, after the download."""
    cluster.failpoints.arm("take.inspected")
    studio.submit()
    cluster.failpoints.wait_reached("take.inspected")
    cluster.fill_disk("media-worker")
    cluster.failpoints.release("take.inspected")
    check_that_the_job_waits_for_space(cluster, studio)
