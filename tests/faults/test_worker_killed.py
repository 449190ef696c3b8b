"""Workers that are killed outright, at each step of a job's life."""

from generations.jobs.models import Outcome
from generations.jobs.states import State
from tests.fakes.behaviours import hold, slow_drip

from .cluster import Cluster
from .studio import PRICE, Studio


def test_killed_before_the_post_nothing_is_posted_and_the_credits_come_back(cluster: Cluster, studio: Studio) -> None:
    """Row 3: with an attempt open nobody knows whether it was posted; it is not posted by anybody else."""
    cluster.points.arm("attempt.opened")
    studio.submit()
    cluster.points.wait_reached("attempt.opened")
    cluster.restart("worker")
    studio.wait_for(State.UNCONFIRMED, State.FAILED)
    studio.wait_for(State.FAILED)
    assert studio.job().error_type == "unconfirmed"
    assert studio.outcomes() == [Outcome.UNKNOWN]
    assert cluster.provider.count("submit") == 0
    assert studio.balance().available == 1000


def test_killed_before_the_answer_came_nothing_is_posted_again(cluster: Cluster, studio: Studio) -> None:
    """Row 4: the provider has the job, and its id never reached us."""
    cluster.provider.script("submit", hold("answer"))
    studio.submit()
    cluster.provider.wait_held("answer")
    cluster.restart("worker")
    cluster.provider.release("answer")
    studio.wait_for(State.FAILED)
    assert cluster.provider.count("submit") == 1
    assert [attempt.bill for attempt in studio.attempts()] == ["possible"]
    assert studio.balance().available == 1000


def test_killed_while_the_provider_renders_polling_goes_on(cluster: Cluster, studio: Studio) -> None:
    """Row 5: everything needed is in the database."""
    cluster.provider.configure(polls_until_done=1000)
    studio.submit(2)
    studio.wait_for(State.PROCESSING)
    cluster.restart("worker")
    cluster.provider.configure(polls_until_done=1)
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("submit") == 2
    assert studio.balance().posted == 1000 - 2 * PRICE


def test_killed_during_the_download_it_is_downloaded_again(cluster: Cluster, studio: Studio) -> None:
    """Row 6: half a video is never a take."""
    cluster.provider.script("download", slow_drip(0.05))
    studio.submit()
    cluster.provider.wait_for("download")
    cluster.restart("worker")
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("download") == 2
    assert studio.balance().posted == 1000 - PRICE
