"""Slow downloads delay only other downloads."""

from generations.jobs.models import Generation, State
from project.stack.services import MEDIA_WORKER_PROCESSES
from tests.fakes.behaviors import slow_drip

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def test_jobs_are_sent_and_polled_while_all_media_workers_are_busy(cluster: Cluster, studio: Studio) -> None:
    """Row 43: every download gets one byte per second. A job that waits for a slot counts no failure."""
    cluster.provider.always("download", slow_drip(1))
    studio.submit(MEDIA_WORKER_PROCESSES)
    wait_until(lambda: cluster.provider.count("download") == MEDIA_WORKER_PROCESSES, what="all slots to be in use")
    with cluster.valkey_client() as valkey:
        heartbeat = valkey.get("dailies:heartbeat")
        (waiting,) = studio.submit()
        wait_until(lambda: Generation.objects.get(pk=waiting).state == State.SAVING, what="the job to be rendered")
        wait_until(lambda: valkey.get("dailies:heartbeat") != heartbeat, what="the heartbeat")
    fence = Generation.objects.get(pk=waiting).fence
    wait_until(lambda: Generation.objects.get(pk=waiting).fence > fence + 2, what="its next dispatch")
    assert Generation.objects.get(pk=waiting).losses == 0
    assert cluster.provider.count("download") == MEDIA_WORKER_PROCESSES
    cluster.provider.regular("download")
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - (MEDIA_WORKER_PROCESSES + 1) * PRICE
