"""The disk is full where videos are saved."""

from generations.jobs.states import State

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def test_a_full_disk_keeps_a_paid_job_and_its_hold_until_there_is_room(cluster: Cluster, studio: Studio) -> None:
    """Row 24: the provider has rendered it and will bill us; nothing empty is ever delivered."""
    cluster.fill_disk("saver")
    studio.submit()
    wait_until(lambda: studio.job().state == State.SAVING and studio.job().failures, what="a failed saving")
    assert studio.balance().held == PRICE
    assert list((cluster.media / f"teams/{studio.team.pk}").rglob("*.mp4")) == []
    cluster.restart("saver")
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("submit") == 1
    assert studio.balance().posted == 1000 - PRICE
