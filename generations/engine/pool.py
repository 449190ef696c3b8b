"""The render processes: a bounded queue, a pipe to each process, and the handling of crashes.

Each process is a new interpreter, so a crash in a codec ends one render and not the server. The server writes one line
per job to its standard input. When this input closes, the server has ended and the process exits. The process writes
its reports to standard output, one JSON object per line.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

from generations.contract.errors import API, RATE_LIMIT
from generations.contract.schemas import ErrorDetail

from .http import ContractError
from .jobs import Job, JobStore

log = logging.getLogger(__name__)

MAX_CRASHES = 2
STALL_SECONDS = 120  # the longest time without a finished frame
RETRY_AFTER_SECONDS = 10

_ROOT = Path(__file__).parents[2]


class RenderFailedError(Exception):
    """The job cannot be rendered, and a second attempt would not help."""


class RenderCrashedError(Exception):
    """The process ended or stopped reporting in the middle of a job."""


@dataclass
class Reservation:
    """A reserved place in the queue, while a request is being checked."""

    pool: "RenderPool"

    def enqueue(self, job: Job) -> None:
        self.pool.enqueue(job)


class RenderPool:
    """Renders stored jobs in the order of their arrival, `workers` at a time."""

    def __init__(self, jobs: JobStore, *, workers: int, queue_size: int, threads: int) -> None:
        self._jobs, self._workers, self._threads = jobs, workers, threads
        self._capacity = workers + queue_size
        self._reserved = 0
        self._open: set[UUID] = set()
        self._queue: asyncio.Queue[Job] = asyncio.Queue()

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """Reserve a place in the queue. Raises ContractError (429) if the queue is full."""
        if len(self._open) + self._reserved >= self._capacity:
            raise ContractError(
                RATE_LIMIT,
                "the render queue is full; try again later",
                headers={"retry-after": str(RETRY_AFTER_SECONDS)},
            )
        self._reserved += 1
        try:
            yield Reservation(self)
        finally:
            self._reserved -= 1

    def enqueue(self, job: Job) -> None:
        self._open.add(job.id)
        self._queue.put_nowait(job)

    async def run(self) -> None:
        """Render until cancelled, then stop the processes at once. The next start renders their jobs again."""
        for job in self._jobs.unfinished():
            self.enqueue(job)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._run_worker())

    async def _run_worker(self) -> None:
        process = RenderProcess(self._threads)
        try:
            await process.start()
            while True:
                job = await self._queue.get()
                while not job.is_finished:
                    job = await self._attempt(process, job)
                self._open.discard(job.id)
        finally:
            await process.stop()

    async def _attempt(self, process: "RenderProcess", job: Job) -> Job:
        started = datetime.now(UTC)
        job = await self._save(job.changed(status="processing"))
        try:
            await process.render(self._jobs.folder(job.id))
        except RenderFailedError as error:
            log.warning("job %s failed: %s", job.id, error)
            return await self._save(_failed(job, str(error)))
        except RenderCrashedError as error:
            log.warning("job %s: %s (crash %d)", job.id, error, job.crashes + 1)
            job = job.changed(crashes=job.crashes + 1, status="pending")
            if job.crashes >= MAX_CRASHES:
                job = _failed(job, "the render process crashed twice on this job")
            return await self._save(job)
        done = datetime.now(UTC)
        log.info("job %s rendered in %.1f s", job.id, (done - started).total_seconds())
        return await self._save(job.changed(status="completed", completed_at=done))

    async def _save(self, job: Job) -> Job:
        await asyncio.to_thread(self._jobs.save, job)
        return job


class RenderProcess:
    """One process. It is started when it is needed, and again after it has ended."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "generations.engine.worker", str(self._threads)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
            )
        return self._process

    async def render(self, folder: Path) -> None:
        """Render one job. Raises RenderFailedError or RenderCrashedError."""
        try:
            process = await self.start()
            async with asyncio.timeout(None) as deadline:
                await self._follow(process, folder, deadline)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            cause = "stopped reporting" if isinstance(error, TimeoutError) else "ended"
            await self.stop()
            raise RenderCrashedError(f"the render process {cause}") from error

    async def stop(self) -> None:
        """Kill the process. It loses nothing: an unfinished video is never used."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._process = None

    async def _follow(self, process: asyncio.subprocess.Process, folder: Path, deadline: asyncio.Timeout) -> None:
        stdin, reports = cast(asyncio.StreamWriter, process.stdin), cast(asyncio.StreamReader, process.stdout)
        stdin.write(json.dumps(str(folder)).encode() + b"\n")
        await stdin.drain()
        while True:
            deadline.reschedule(asyncio.get_running_loop().time() + STALL_SECONDS)
            line = await reports.readline()
            if not line:
                raise EOFError
            report = json.loads(line)
            if "failed" in report:
                raise RenderFailedError(report["failed"])
            if "done" in report:
                return


def _failed(job: Job, message: str) -> Job:
    detail = ErrorDetail(type=API.type, message=message)
    return job.changed(status="failed", completed_at=datetime.now(UTC), error=detail)
