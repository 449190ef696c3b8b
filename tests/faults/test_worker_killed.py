"""Workers are killed in each state of a job."""

import signal

import pytest

from generations.events.models import Alert
from generations.jobs.models import Outcome, State
from generations.media.models import Asset
from tests.fakes.behaviors import pause_at, slow_drip

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def test_killed_before_the_post_nothing_is_posted_and_credits_are_refunded(cluster: Cluster, studio: Studio) -> None:
    """Row 3: an open attempt may have been posted, so it is not posted again."""
    cluster.failpoints.arm("attempt.opened")
    studio.submit()
    cluster.failpoints.wait_reached("attempt.opened")
    cluster.restart("worker")
    studio.wait_for(State.UNCONFIRMED, State.FAILED)
    studio.wait_for(State.FAILED)
    assert studio.job().error_type == "unconfirmed"
    assert studio.outcomes() == [Outcome.UNKNOWN]
    assert cluster.provider.count("submit") == 0
    assert studio.balance().available == 1000


def test_killed_before_the_response_nothing_is_posted_again(cluster: Cluster, studio: Studio) -> None:
    """Row 4: the provider has the job, but we never got its id."""
    cluster.provider.script("submit", pause_at("response"))
    studio.submit()
    cluster.provider.wait_until_paused("response")
    cluster.restart("worker")
    cluster.provider.release("response")
    studio.wait_for(State.FAILED)
    assert cluster.provider.count("submit") == 1
    assert [attempt.bill for attempt in studio.attempts()] == ["possible"]
    assert studio.balance().available == 1000


def test_killed_while_the_provider_renders_polling_continues(cluster: Cluster, studio: Studio) -> None:
    """Row 5: all necessary data is in the database."""
    cluster.provider.configure(polls_until_done=1000)
    studio.submit(2)
    studio.wait_for(State.PROCESSING)
    cluster.restart("worker")
    cluster.provider.configure(polls_until_done=1)
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("submit") == 2
    assert studio.balance().posted == 1000 - 2 * PRICE


def test_killed_during_the_download_the_video_is_downloaded_again(cluster: Cluster, studio: Studio) -> None:
    """Row 6: a partial video is never a take, and is removed from the disk."""
    cluster.provider.script("download", slow_drip(0.05))
    studio.submit()
    cluster.provider.wait_for("download")
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("download") == 2
    assert list(cluster.temporary.glob("take-*")) == []
    assert studio.balance().posted == 1000 - PRICE


def test_killed_after_the_file_is_stored_the_same_file_is_used(cluster: Cluster, studio: Studio) -> None:
    """Row 7: the name of the file depends on its content, so that it is stored only once."""
    cluster.failpoints.arm("asset.stored")
    studio.submit()
    cluster.failpoints.wait_reached("asset.stored")
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    assert videos_of(cluster, studio) == (1, 1)
    assert studio.balance().posted == 1000 - PRICE


def test_killed_between_the_take_and_its_charge_the_take_is_charged_once(cluster: Cluster, studio: Studio) -> None:
    """Row 8: the take is completed and charged in one transaction, by another worker."""
    cluster.failpoints.arm("take.stored")
    studio.submit()
    cluster.failpoints.wait_reached("take.stored")
    assert (studio.states(), studio.balance().posted) == ([State.SAVING], 1000)
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    assert videos_of(cluster, studio) == (1, 1)
    assert studio.balance().posted == 1000 - PRICE


def test_a_killed_pool_process_is_replaced_and_its_task_is_repeated(cluster: Cluster, studio: Studio) -> None:
    """Row 9: the worker continues, and the loss is counted."""
    worker = cluster.process("worker").pid
    cluster.provider.script("upload", pause_at("upload"))
    studio.submit()
    cluster.provider.wait_until_paused("upload")
    for process in cluster.pool("worker"):
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: studio.job().losses == 1, what="the loss to be counted")
    cluster.provider.release("upload")
    studio.wait_for(State.COMPLETED)
    assert cluster.process("worker").pid == worker
    assert cluster.provider.count("submit") == 1


def test_a_job_that_kills_its_workers_is_quarantined(cluster: Cluster, studio: Studio) -> None:
    """Row 10: its credits are refunded, staff get an alert, and other jobs continue."""
    cluster.restart("media-worker", MAX_LOSSES=2)
    cluster.failpoints.arm("take.stored", then="die")
    studio.submit()
    studio.wait_for(State.FAILED)
    cluster.failpoints.clear()
    assert studio.job().error_type == "poison"
    assert studio.balance().available == 1000
    assert Alert.objects.open().filter(kind="poison").exists()
    studio.submit()
    studio.wait_for(State.FAILED, State.COMPLETED)
    assert studio.states() == [State.FAILED, State.COMPLETED]


@pytest.mark.parametrize(
    ("part", "step"), [("worker", "upload"), ("worker", "submit"), ("worker", "poll"), ("media-worker", "download")]
)
def test_a_deployment_loses_nothing(cluster: Cluster, studio: Studio, part: str, step: str) -> None:
    """Row 11: a deployment during a request. The next worker continues."""
    cluster.provider.script(step, pause_at(step))
    studio.submit()
    cluster.provider.wait_until_paused(step)
    assert cluster.stop(part) == 0, "it was killed because it did not stop in time"
    cluster.provider.release(step)
    cluster.start(part)
    studio.wait_for(State.COMPLETED, State.FAILED)
    assert studio.states() == [State.FAILED if step == "submit" else State.COMPLETED]
    assert cluster.provider.count("submit") == 1


def videos_of(cluster: Cluster, studio: Studio) -> tuple[int, int]:
    """The number of videos of the team: rows, and files."""
    files = list((cluster.media / f"teams/{studio.team.pk}/videos").rglob("*.mp4"))
    return Asset.objects.filter(team=studio.team, kind="video").count(), len(files)
