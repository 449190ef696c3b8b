"""Poll a batch of jobs at once.

A connection pool looks at all its connections for each request, so one pool with many of them collapses (250 polls a
second with 50 connections). Here there is no pool: each lane owns one connection and takes the next job when it is
free. That costs about as much as the fastest Python clients do.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpcore

from .answers import PollError, PollOutcome, read_poll
from .client import COMMON_HEADERS, Provider, poll_path
from .errors import Problem
from .wire import (
    MAX_ANSWER_BYTES,
    NETWORK_FAILURES,
    Answer,
    failure_text,
    header_map,
    problem_of,
    ssl_context,
    target_of,
)

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
            for _ in range(batch.lanes(concurrency)):
                group.create_task(batch.work())
    except TimeoutError:
        pass
    return {job: batch.outcomes.get(job, batch.not_asked) for job in batch.jobs}


@dataclass
class _Batch:
    provider: Provider
    jobs: list[str]
    outcomes: dict[str, PollOutcome] = field(default_factory=dict)
    not_asked: PollError = field(default=PollError(Problem.NOT_ASKED, "the batch ran out of time"))

    def __post_init__(self) -> None:
        self._queue = iter(self.jobs)

    def lanes(self, concurrency: int) -> int:
        return min(concurrency, len(self.jobs), max(FEWEST_LANES, len(self.jobs) // POLLS_PER_CONNECTION))

    async def work(self) -> None:
        lane = _Lane(self.provider)
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


class _Lane:
    """One connection, for one poll after the other."""

    def __init__(self, provider: Provider) -> None:
        base = target_of(provider.base_url)
        if base is None:
            raise ValueError("not an absolute http or https URL")
        self._provider = provider
        self._base = base
        self._headers = [*COMMON_HEADERS, provider.authorization()]
        self._extensions = provider.poll_patience.extensions()
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.aclose()
            self._connection = None

    async def poll(self, job: str) -> PollOutcome:
        is_reused = self._connection is not None
        try:
            async with asyncio.timeout(self._provider.poll_patience.total):
                return read_poll(self._provider.scrub(await self._ask(job)), job)
        except NETWORK_FAILURES as error:
            await self.close()
            failure = PollError(problem_of(error), failure_text(error))
        # A kept connection may have been closed meanwhile, and a poll may be asked twice.
        if is_reused and failure.kind is Problem.CUT_OFF:
            return await self.poll(job)
        return failure

    async def _ask(self, job: str) -> Answer:
        url = httpcore.URL(
            scheme=self._base.scheme,
            host=self._base.host,
            port=self._base.port,
            target=self._base.target.rstrip(b"/") + poll_path(job).encode("ascii"),
        )
        connection = await self._open()
        async with connection.stream("GET", url, headers=self._headers, extensions=self._extensions) as response:
            return Answer(response.status, header_map(response.headers), await _body_of(response))

    async def _open(self) -> httpcore.AsyncHTTPConnection:
        if self._connection is not None and (self._connection.is_closed() or self._connection.has_expired()):
            await self.close()
        if self._connection is None:
            context = ssl_context() if self._base.scheme == b"https" else None
            self._connection = httpcore.AsyncHTTPConnection(self._base.origin, ssl_context=context)
        return self._connection


async def _body_of(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return bytes(body)
