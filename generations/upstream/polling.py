"""Poll a batch of jobs concurrently.

A connection pool scans all its connections for each request, so one large pool is slow: with 50 connections a poll
costs several times the CPU of a poll in a pool of 5. The batch is therefore spread over many small pools.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx

from .client import Provider
from .errors import Problem
from .http import new_transport
from .outcomes import PollError, PollOutcome

CONNECTIONS_PER_POOL = 5
# A TLS handshake costs more than a poll, so a connection is opened only for several polls.
POLLS_PER_CONNECTION = 4
MIN_CONNECTIONS = 8


async def poll_many(
    provider: Provider, jobs: Iterable[str], *, concurrency: int = 200, deadline_seconds: float = 60
) -> dict[str, PollOutcome]:
    """Poll each job once and return an outcome for each. Errors are returned, not raised.

    If the provider cannot be reached or returns 429, or the deadline passes, the rest of the batch is not polled. Its
    outcome is `Problem.NOT_POLLED`, which is no failure of those jobs.
    """
    batch = _Batch(provider, list(dict.fromkeys(jobs)))
    connections = connection_count(len(batch.jobs), concurrency)
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as group:
                for start in range(0, connections, CONNECTIONS_PER_POOL):
                    size = min(CONNECTIONS_PER_POOL, connections - start)
                    transport = await stack.enter_async_context(new_transport(max_connections=size))
                    for _ in range(size):
                        group.create_task(batch.work(transport))
        except TimeoutError:
            pass
    return {job: batch.outcomes.get(job, batch.not_polled) for job in batch.jobs}


def connection_count(jobs: int, concurrency: int) -> int:
    return min(concurrency, jobs, max(MIN_CONNECTIONS, jobs // POLLS_PER_CONNECTION))


@dataclass
class _Batch:
    provider: Provider
    jobs: list[str]
    outcomes: dict[str, PollOutcome] = field(default_factory=dict)
    not_polled: PollError = field(default=PollError(Problem.NOT_POLLED, "the batch ran out of time"))

    def __post_init__(self) -> None:
        self._queue = iter(self.jobs)

    async def work(self, transport: httpx.AsyncBaseTransport) -> None:
        while (job := next(self._queue, None)) is not None:
            self.outcomes[job] = outcome = await poll_kept_connection(self.provider, transport, job)
            if isinstance(outcome, PollError) and (outcome.kind is Problem.UNREACHABLE or outcome.status == 429):
                self._stop(outcome)

    def _stop(self, error: PollError) -> None:
        self._queue = iter(())
        self.not_polled = PollError(Problem.NOT_POLLED, error.message, retry_after=error.retry_after)


async def poll_kept_connection(provider: Provider, transport: httpx.AsyncBaseTransport, job: str) -> PollOutcome:
    """Poll the job, and once more if the connection was cut off: the server may have closed a kept connection."""
    outcome = await provider.poll_on(transport, job)
    if isinstance(outcome, PollError) and outcome.kind is Problem.CUT_OFF:
        outcome = await provider.poll_on(transport, job)
    return outcome
