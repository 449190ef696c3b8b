"""How many due rows per second two processes claim, and how fast a submitted job reaches the provider's socket.

    python -m bench.dispatch [--rows 20000] [--batch 200] [--jobs 40]

For the claims, two processes call `claim_due` until nothing is due. For the time to the provider, a worker and a beat
run as in `make run`, with one job at a time. It is measured from the commit of `submit_generation` until the provider
has read the request for an upload, and the submit.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from uuid import UUID, uuid4

from django.db import connection, transaction

from bench._environment import FOLDER, report
from bench._members import add_generations, make_members, make_request
from generations.accounts.models import Membership
from generations.jobs.dispatch import claim_due
from generations.jobs.models import Generation, State
from generations.jobs.submit import GenerationRequest, submit_generation
from project.stack import services
from project.stack.processes import start_and_wait
from tests.fakes.provider import ScriptedProvider

CLAIMERS = 2
WARM_UP = 4


def claim_all(batch: int, _: int) -> tuple[float, list[UUID]]:
    """Claim until nothing is left. Return the seconds and the claimed ids."""
    connection.connect()
    claimed: list[UUID] = []
    started = time.perf_counter()
    while rows := claim_due([State.PROCESSING], limit=batch):
        claimed += [pk for pk, _fence in rows]
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed, claimed


def measure_claims(request: GenerationRequest, rows: int, batch: int) -> None:
    add_generations(request, rows, State.PROCESSING)
    connection.close()  # the claimers are forks of this process
    with get_context("fork").Pool(CLAIMERS) as pool:
        shares = pool.map(partial(claim_all, batch), range(CLAIMERS), chunksize=1)
    claimed = [pk for _, share in shares for pk in share]
    assert len(claimed) == rows
    report("dispatch.claims", rows / max(elapsed for elapsed, _ in shares), "rows/s")
    report("dispatch.claimed_twice", rows - len(set(claimed)), "rows")


@contextmanager
def workers(provider: ScriptedProvider) -> Iterator[None]:
    environment = {
        **os.environ,
        "LTX_BASE_URL": provider.base_url,
        "LTX_API_KEY": "a-key",
        "PROVIDER_CONCURRENCY": "1000",
    }
    run = FOLDER / "run"
    specs = [services.worker(environment, run / "worker-ready"), services.beat(environment, run / "beat")]
    children = [start_and_wait(spec, log=run / f"{spec.name}.log") for spec in specs]
    try:
        yield
    finally:
        for child in reversed(children):
            child.stop()


def send_one(provider: ScriptedProvider, membership: Membership, request: GenerationRequest) -> tuple[float, float]:
    """Submit a job. Return the milliseconds from its commit to the upload and to the submit."""
    provider.clear()
    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.monotonic()))
        receipt = submit_generation(membership=membership, request=request, idempotency_key=str(uuid4()))
    provider.wait_for("submit", timeout=30)
    upload, submit = provider.requests("upload")[0], provider.requests("submit")[0]
    wait_until_sent(receipt.id)
    return (upload.at - committed[0]) * 1000, (submit.at - committed[0]) * 1000


def wait_until_sent(pk: UUID) -> None:
    """Wait until the system is idle again."""
    deadline = time.monotonic() + 60
    while not Generation.objects.filter(pk=pk, state=State.PROCESSING).exists():
        assert time.monotonic() < deadline, "the job was not sent"
        time.sleep(0.02)
    Generation.objects.filter(pk=pk).update(next_action_at=None)


def measure_time_to_provider(membership: Membership, request: GenerationRequest, jobs: int) -> None:
    with ScriptedProvider() as provider, workers(provider):
        for _ in range(WARM_UP):
            send_one(provider, membership, request)
        times = [send_one(provider, membership, request) for _ in range(jobs)]
    for name, taken in zip(("upload", "submit"), zip(*times, strict=True), strict=True):
        report(f"dispatch.commit_to_{name}_p50", statistics.median(taken), "ms")
        report(f"dispatch.commit_to_{name}_p90", statistics.quantiles(taken, n=10)[8], "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=40)
    options = parser.parse_args()
    membership = make_members(teams=1, each=1)[0]
    request = make_request(membership)
    measure_time_to_provider(membership, request, options.jobs)
    measure_claims(request, options.rows, options.batch)


if __name__ == "__main__":
    main()
