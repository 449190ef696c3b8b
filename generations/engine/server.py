"""One process that serves HTTP, leads the render processes, and sweeps; and how it starts and stops."""

import asyncio
import logging
import os
import signal
import socket

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from .app import Routes, make_app
from .disk import exclusive
from .jobs import JobStore
from .pool import RenderPool
from .settings import EngineSettings
from .submission import Submissions
from .uploads import UploadStore

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60


async def serve(settings: EngineSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError or DataDirTakenError when it cannot start."""
    data_dir = settings.data_dir.resolve()
    with exclusive(data_dir):
        check_port(settings.host, settings.port)
        jobs = JobStore(data_dir / "jobs", settings.retention)
        uploads = UploadStore(data_dir / "uploads")
        threads = max(1, usable_cores() // settings.workers)
        pool = RenderPool(jobs, workers=settings.workers, queue_size=settings.queue_size, threads=threads)
        submissions = Submissions(jobs, uploads, pool)
        routes = Routes(base_url=settings.base_url, jobs=jobs, uploads=uploads, submissions=submissions)
        server = Server(
            make_app(routes),
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGINL,
            websockets=False,
            log_level=LogLevels.error,
        )
        log.info("listening on %s, %d jobs to finish", settings.base_url, len(jobs.unfinished()))
        await _run_together(server, pool, jobs, uploads)


def check_port(host: str, port: int) -> None:
    """Raise OSError when somebody listens there: the server itself would share the port without a word."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def usable_cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def _run_together(server: Server, pool: RenderPool, jobs: JobStore, uploads: UploadStore) -> None:
    """Run all parts until the server is told to stop, or one of them fails."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(pool.run()), group.create_task(_sweep_forever(jobs, uploads))]
        await server.serve()
        for task in beside:
            task.cancel()


async def _sweep_forever(jobs: JobStore, uploads: UploadStore) -> None:
    while True:
        gone = await asyncio.to_thread(jobs.sweep) + await asyncio.to_thread(uploads.sweep)
        if gone:
            log.info("swept %d expired jobs and uploads", gone)
        await asyncio.sleep(SWEEP_SECONDS)
