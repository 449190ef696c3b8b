"""The commands of our own processes, which `make run` starts after PostgreSQL and Valkey."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .ports import LOOPBACK
from .processes import LivenessFile, ProcessSpec

WEB_THREADS = 8  # each has its own database connection; more threads would only wait for the interpreter
WORKER_PROCESSES = 2
MEDIA_WORKER_PROCESSES = 2
WEBHOOK_WORKER_PROCESSES = 1  # it sends many webhooks concurrently
MAX_EVENT_STREAMS = 8192


def engine(environment: Mapping[str, str], url: str, data: Path) -> ProcessSpec:
    port = str(urlsplit(url).port)
    return ProcessSpec(
        name="engine",
        command=_python("-m", "generations.engine"),
        environment={**environment, "ENGINE_PORT": port, "ENGINE_DATA_DIR": str(data), "ENGINE_PUBLIC_URL": url},
        is_ready=responds(f"{url}/healthz"),
    )


def worker(environment: Mapping[str, str], ready: Path) -> ProcessSpec:
    return _celery_worker("worker", "dailies", WORKER_PROCESSES, environment, ready)


def media_worker(environment: Mapping[str, str], ready: Path) -> ProcessSpec:
    """A worker that only saves videos. A download may take minutes; it delays only other downloads."""
    return _celery_worker("media-worker", "media", MEDIA_WORKER_PROCESSES, environment, ready)


def webhook_worker(environment: Mapping[str, str], ready: Path) -> ProcessSpec:
    """A worker that only sends webhooks, because receivers may respond slowly."""
    return _celery_worker("webhook-worker", "webhooks", WEBHOOK_WORKER_PROCESSES, environment, ready)


def _celery_worker(name: str, queue: str, processes: int, environment: Mapping[str, str], ready: Path) -> ProcessSpec:
    ready.unlink(missing_ok=True)  # from an earlier process
    alive = ready.with_name(f"{ready.name}-alive")
    flags = ["--queues", queue, "--concurrency", str(processes), "--without-gossip", "--without-mingle"]
    return ProcessSpec(
        name=name,
        command=_celery("worker", *flags, "--hostname", f"{name}@%h"),
        environment={**environment, "WORKER_READY_FILE": str(ready), "WORKER_ALIVE_FILE": str(alive)},
        is_ready=ready.exists,
        is_healthy=LivenessFile(alive),
    )


def beat(environment: Mapping[str, str], schedule: Path) -> ProcessSpec:
    flags = ["--schedule", str(schedule), "--pidfile", ""]
    return ProcessSpec(name="beat", command=_celery("beat", *flags), environment=environment)


def events(environment: Mapping[str, str], host: str, port: int) -> ProcessSpec:
    return ProcessSpec(
        name="events",
        # The server counts an open stream as a request in progress.
        command=[*_granian("project.asgi:application", "asgi", host, port), "--backlog", str(MAX_EVENT_STREAMS)],
        environment=environment,
        is_ready=responds(f"http://{_local_address(host)}:{port}/healthz"),
    )


def web(environment: Mapping[str, str], host: str, port: int) -> ProcessSpec:
    return ProcessSpec(
        name="web",
        command=[*_granian("project.wsgi:application", "wsgi", host, port), "--blocking-threads", str(WEB_THREADS)],
        environment=environment,
        is_ready=responds(f"http://{_local_address(host)}:{port}/healthz"),
    )


def upgrade(environment: Mapping[str, str]) -> ProcessSpec:
    return ProcessSpec(name="upgrade", command=_python("-m", "project.stack.upgrade"), environment=environment)


def responds(url: str) -> Callable[[], bool]:
    """A check that is true once the URL responds with any status below 500."""

    def is_responding() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (our own loopback address)
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return is_responding


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _celery(*arguments: str) -> list[str]:
    # The upgrade runs the system checks.
    return _python("-m", "celery", "--quiet", "--skip-checks", "--app", "project", *arguments)


def _granian(application: str, interface: str, host: str, port: int) -> list[str]:
    flags = ["--interface", interface, "--host", host, "--port", str(port), "--workers", "1"]
    return _python(
        "-m", "granian", *flags, "--workers-kill-timeout", "5", "--no-ws", "--log-level", "error", application
    )


def _local_address(host: str) -> str:
    """The address at which this machine reaches a server that listens on `host`."""
    if host in ("", "0.0.0.0"):  # noqa: S104
        return LOOPBACK
    return f"[{'::1' if host == '::' else host}]" if ":" in host else host
