"""Poll a batch of jobs at once.

A connection pool looks at all its connections for each request, so one pool with many of them collapses (250 polls a
second with 50 connections). Here there is no pool: each lane owns one connection and takes the next job when it is
free. That costs about as much as the fastest Python clients do.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from .answers import PollError, PollOutcome
from .client import Provider
from .errors import Problem
from .lanes import Lane

# A TLS handshake costs more than several polls: let every connection earn its own.
POLLS_PER_CONNECTION = 4
FEWEST_LANES = 8


async def poll_many(
    provider: Provider, jobs: Iterable[str], *, concurrency: int = 256, deadline_seconds: float = 60
) -> dict[str, PollOutcome]:
    """Ask for each job once and return an outcome for each. Nothing that the provider does raises.

    Where the provider cannot be reached, or asks for peace (429), or the deadline passes, the rest of the batch is
    not asked and comes back as `Problem.NOT_ASKED`, which is no failure of those jobs.
    """
    batch = _Batch(provider, list(dict.fromkeys(jobs)))
    try:
        async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as group:
            for _ in range(lanes_for(len(batch.jobs), concurrency)):
                group.create_task(batch.work())
    except TimeoutError:
        pass
    return {job: batch.outcomes.get(job, batch.not_asked) for job in batch.jobs}


def lanes_for(jobs: int, concurrency: int) -> int:
    return min(concurrency, jobs, max(FEWEST_LANES, jobs // POLLS_PER_CONNECTION))


@dataclass
class _Batch:
    provider: Provider
    jobs: list[str]
    outcomes: dict[str, PollOutcome] = field(default_factory=dict)
    not_asked: PollError = field(default=PollError(Problem.NOT_ASKED, "the batch ran out of time"))

    def __post_init__(self) -> None:
        self._queue = iter(self.jobs)

    async def work(self) -> None:
        lane = Lane(self.provider)
        try:
            while (job := next(self._queue, None)) is not None:
                self.outcomes[job] = outcome = await lane.poll(job)
                if isinstance(outcome, PollError):
                    self._heed(outcome)
        finally:
            await lane.close()

    def _heed(self, error: PollError) -> None:
        if error.kind is Problem.UNREACHABLE or error.status == 429:
            self._queue = iter(())
            self.not_asked = PollError(Problem.NOT_ASKED, error.message, retry_after=error.retry_after)
