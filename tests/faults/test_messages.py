"""Messages are hints: delivered three times, in parallel, out of order or a week late, they have one effect."""

import signal
from collections import Counter
from uuid import UUID

from celery import Celery

from generations.jobs.models import Generation, State
from tests.fakes.behaviors import pause_at

from .cluster import Cluster, wait_until
from .studio import PRICE, Studio

LONG_LEASE = {"LEASE": 60}  # on a slow machine a short lease would expire, and another worker would take over
QUEUES = {"generations.send_generation": "dailies", "generations.save_generation": "media"}


def send(celery: Celery, job: UUID, *fences: int) -> None:
    for fence in fences:
        for task, queue in QUEUES.items():
            celery.send_task(task, args=[str(job), fence], queue=queue)


def wait_consumed(cluster: Cluster) -> None:
    """Wait until all messages are processed. Meanwhile the beat is suspended, because it sends new ones.

    This asks the workers: a message whose worker lost its connection is processed but not acknowledged.
    """
    cluster.signal("beat", signal.SIGSTOP)
    with cluster.valkey_client() as valkey, cluster.celery() as celery:
        wait_until(lambda: not valkey.exists(*QUEUES.values()) and _all_idle(celery), what="nothing to do")
    cluster.signal("beat", signal.SIGCONT)


def _delivered(celery: Celery) -> Counter[str]:
    """The number of messages to send and to save that the workers have received since their start."""
    received: Counter[str] = Counter()
    for worker in (celery.control.inspect(timeout=2).stats() or {}).values():
        for task in QUEUES:
            received[task.removeprefix("generations.").removesuffix("_generation")] += worker["total"].get(task, 0)
    return received


def _all_idle(celery: Celery) -> bool:
    workers = celery.control.inspect(timeout=2)
    replies = [workers.reserved(), workers.active()]
    return all(replies) and not any(tasks for reply in replies for tasks in reply.values())


def test_every_message_three_times_at_once_has_one_effect(cluster: Cluster, studio: Studio) -> None:
    """Row 16: from every sender, and by two workers at the same time."""
    for part in ("worker", "media-worker", "beat"):
        cluster.restart(part, **LONG_LEASE, MESSAGE_COPIES=3)
    for part in ("worker2", "media-worker2"):
        cluster.start(part, **LONG_LEASE, MESSAGE_COPIES=3)
    # The dispatcher finds all three: it sends the first itself and the others by message.
    both = ("worker", "worker2")
    for part in both:
        cluster.signal(part, signal.SIGSTOP)
    studio.submit(3)
    for part in both:
        cluster.signal(part, signal.SIGCONT)
    studio.wait_for(State.COMPLETED)
    wait_consumed(cluster)
    with cluster.celery() as celery:
        wait_until(lambda: _delivered(celery) >= Counter(send=2 * 3, save=3 * 3), what=lambda: f"{_delivered(celery)}")
    assert studio.states() == [State.COMPLETED] * 3
    assert cluster.provider.count("submit") == 3
    assert cluster.provider.count("download") == 3
    assert studio.balance().posted == 1000 - 3 * PRICE


def test_old_messages_do_not_change_a_finished_job(cluster: Cluster, studio: Studio) -> None:
    """Row 17: an old message has an old fence."""
    first, second = studio.submit(2)
    wait_until(lambda: cluster.provider.count("submit") == 2, what="both to be sent")
    studio.wait_for(State.COMPLETED)
    before = _stored(first, second)
    with cluster.celery() as celery:
        for job in (first, second):
            send(celery, job, *range(12, -1, -1))
        wait_consumed(cluster)
    assert _stored(first, second) == before
    assert cluster.provider.count("submit") == 2


def test_messages_out_of_order_do_not_move_a_job_back(cluster: Cluster, studio: Studio) -> None:
    """Row 17: a message to send, when the provider is already rendering."""
    cluster.provider.configure(polls_until_done=1000)
    (job,) = studio.submit()
    studio.wait_for(State.PROCESSING)
    fence = studio.job().fence
    with cluster.celery() as celery:
        send(celery, job, fence, fence - 1, fence + 1, 0)
        wait_consumed(cluster)
    assert studio.states() == [State.PROCESSING]
    assert cluster.provider.count("submit") == 1
    cluster.provider.configure(polls_until_done=1)
    studio.wait_for(State.COMPLETED)


def test_two_beats_and_two_workers_do_the_work_of_one(cluster: Cluster, studio: Studio) -> None:
    """Row 18: every job is sent once and saved once."""
    for part in ("worker", "media-worker"):
        cluster.restart(part, **LONG_LEASE)
    for part in ("beat2", "worker2", "media-worker2"):
        cluster.start(part, **LONG_LEASE)
    studio.submit(6)
    studio.wait_for(State.COMPLETED)
    assert cluster.provider.count("submit") == 6
    assert cluster.provider.count("download") == 6
    assert studio.balance().posted == 1000 - 6 * PRICE


def test_a_worker_that_resumes_after_its_lease_writes_nothing(cluster: Cluster, studio: Studio) -> None:
    """Row 19: it was suspended when the response came, another worker failed the job, and its write matches no row."""
    cluster.provider.script("submit", pause_at("late response"))
    studio.submit()
    cluster.provider.wait_until_paused("late response")
    cluster.signal("worker", signal.SIGSTOP)
    cluster.provider.release("late response")
    cluster.start("worker2")
    studio.wait_for(State.FAILED)
    before = _stored(studio.job().pk)
    cluster.stop("worker2")
    cluster.signal("worker", signal.SIGCONT)
    wait_consumed(cluster)
    assert _stored(studio.job().pk) == before
    assert cluster.provider.count("submit") == 1


def test_a_media_worker_that_resumes_after_its_lease_charges_nothing(cluster: Cluster, studio: Studio) -> None:
    """Row 19: another worker saved the same take meanwhile."""
    cluster.failpoints.arm("take.stored")
    studio.submit()
    cluster.failpoints.wait_reached("take.stored")
    cluster.start("media-worker2")
    studio.wait_for(State.COMPLETED)
    before = _stored(studio.job().pk)
    cluster.failpoints.release("take.stored")
    wait_consumed(cluster)
    assert _stored(studio.job().pk) == before
    assert studio.balance().posted == 1000 - PRICE


def _stored(*jobs: UUID) -> list[dict[str, object]]:
    """The stored values of jobs and their holds."""
    rows = Generation.objects.filter(pk__in=jobs).order_by("pk")
    return list(rows.values("state", "fence", "state_since", "finished_at", "take", "hold__state", "hold__captured"))
