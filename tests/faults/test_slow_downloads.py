"""Slow downloads delay each other, and nothing else."""

from generations.jobs.models import Generation, State
from project.stack.services import MEDIA_WORKER_PROCESSES
from tests.fakes.behaviors import slow_drip

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio


def test_jobs_are_sent_and_polled_while_every_saving_slot_is_taken(cluster: Cluster, studio: Studio) -> None:
    """Row 43: videos arrive at one byte per second; the other jobs wait for a free slot and do not fail."""
    cluster.provider.always("download", slow_drip(1))
    studio.submit(MEDIA_WORKER_PROCESSES)
    wait_until(lambda: cluster.provider.count("download") == MEDIA_WORKER_PROCESSES, what="every slot to be taken")
    with cluster.valkey_client() as valkey:
        heartbeat = valkey.get("dailies:heartbeat")
        (waiting,) = studio.submit()
        wait_until(lambda: Generation.objects.get(pk=waiting).state == State.SAVING, what="the job to be rendered")
        wait_until(lambda: valkey.get("dailies:heartbeat") != heartbeat, what="the heartbeat")
    fence = Generation.objects.get(pk=waiting).fence
    wait_until(lambda: Generation.objects.get(pk=waiting).fence > fence + 2, what="it to be offered again")
    assert Generation.objects.get(pk=waiting).losses == 0
    assert cluster.provider.count("download") == MEDIA_WORKER_PROCESSES
    cluster.provider.regular("download")
    cluster.restart("media-worker")
    studio.wait_for(State.COMPLETED)
    assert studio.balance().posted == 1000 - (MEDIA_WORKER_PROCESSES + 1) * PRICE
