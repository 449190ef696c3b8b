"""The engine process: it serves HTTP, controls the render processes and deletes what has expired."""

import asyncio
import logging
import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from .app import Routes, make_app
from .disk import DataDirInUseError, lock_data_dir
from .jobs import JobStore
from .pool import RenderPool
from .submission import Submissions
from .uploads import UploadStore

log = logging.getLogger(__name__)

CLEANUP_SECONDS = 60


def _seconds(value: object) -> object:
    """Read a bare number as seconds; pydantic alone accepts only `PT24H` or `24:00:00`."""
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


class EngineSettings(BaseSettings):
    """Settings from the environment: `ENGINE_PORT`, `ENGINE_DATA_DIR` and so on.

    `queue_size` counts waiting jobs, without those that are being rendered. `retention` starts at the end of a job.
    """

    model_config = SettingsConfigDict(env_prefix="ENGINE_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8100, ge=1, le=65535)
    data_dir: Path = Path(".data/engine")
    public_url: str = ""
    workers: int = Field(default=1, ge=1, le=64)
    queue_size: int = Field(default=16, ge=0)
    retention: Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta(0))] = timedelta(hours=24)

    @property
    def base_url(self) -> str:
        """The start of every URL in a response, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def main() -> int:
    """Run the engine. If it cannot start, write the reason as one line to standard error and return 1."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = EngineSettings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _fail(f"ENGINE_{str(first['loc'][0]).upper()}: {first['msg']}")
    try:
        asyncio.run(serve(settings))
    except DataDirInUseError as error:
        return _fail(str(error))
    except OSError as error:
        resource = error.filename or f"{settings.host}:{settings.port}"
        return _fail(f"cannot use {resource}: {error.strerror}")
    return 0


async def serve(settings: EngineSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError or DataDirInUseError if it cannot start."""
    data_dir = settings.data_dir.resolve()
    with lock_data_dir(data_dir):
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
        log.info("listening on %s, %d unfinished jobs", settings.base_url, len(jobs.unfinished()))
        await _run_together(server, pool, jobs, uploads)


def check_port(host: str, port: int) -> None:
    """Raise OSError if the port is in use. The server itself would share it without an error."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def _run_together(server: Server, pool: RenderPool, jobs: JobStore, uploads: UploadStore) -> None:
    """Run all parts until the server is stopped or one of them fails."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(pool.run()), group.create_task(_delete_expired_forever(jobs, uploads))]
        await server.serve()
        for task in background:
            task.cancel()


async def _delete_expired_forever(jobs: JobStore, uploads: UploadStore) -> None:
    while True:
        count = await asyncio.to_thread(jobs.delete_expired) + await asyncio.to_thread(uploads.delete_expired)
        if count:
            log.info("deleted %d expired jobs and uploads", count)
        await asyncio.sleep(CLEANUP_SECONDS)


def _fail(message: str) -> int:
    sys.stderr.write(f"engine: {message}\n")
    return 1
