"""Our own processes: what `make run` starts once the services are there."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .children import Plan
from .life import SignOfLife
from .ports import LOOPBACK

WEB_THREADS = 8  # each has a connection of its own; more would only wait for the interpreter
WORKER_PROCESSES = 2
SAVER_PROCESSES = 2
COURIER_PROCESSES = 1  # it sends many at once
EVENT_STREAMS = 8192


def engine(environment: Mapping[str, str], url: str, data: Path) -> Plan:
    port = str(urlsplit(url).port)
    return Plan(
        name="engine",
        command=_python("-m", "generations.engine"),
        environment={**environment, "ENGINE_PORT": port, "ENGINE_DATA_DIR": str(data), "ENGINE_PUBLIC_URL": url},
        is_ready=answers(f"{url}/healthz"),
    )


def worker(environment: Mapping[str, str], ready: Path) -> Plan:
    return _consumer("worker", "dailies", WORKER_PROCESSES, environment, ready)


def saver(environment: Mapping[str, str], ready: Path) -> Plan:
    """A worker for downloads alone: they may take minutes each, and hold up nothing but each other."""
    return _consumer("saver", "saving", SAVER_PROCESSES, environment, ready)


def courier(environment: Mapping[str, str], ready: Path) -> Plan:
    """A worker for webhooks alone: strangers' servers answer when they like."""
    return _consumer("courier", "webhooks", COURIER_PROCESSES, environment, ready)


def _consumer(name: str, queue: str, processes: int, environment: Mapping[str, str], ready: Path) -> Plan:
    ready.unlink(missing_ok=True)  # an earlier one's
    alive = ready.with_name(f"{ready.name}-alive")
    flags = ["--queues", queue, "--concurrency", str(processes), "--without-gossip", "--without-mingle"]
    return Plan(
        name=name,
        command=_celery("worker", *flags, "--hostname", f"{name}@%h"),
        environment={**environment, "WORKER_READY_FILE": str(ready), "WORKER_ALIVE_FILE": str(alive)},
        is_ready=ready.exists,
        is_well=SignOfLife(alive),
    )


def beat(environment: Mapping[str, str], schedule: Path) -> Plan:
    flags = ["--schedule", str(schedule), "--pidfile", ""]
    return Plan(name="beat", command=_celery("beat", *flags), environment=environment)


def events(environment: Mapping[str, str], host: str, port: int) -> Plan:
    return Plan(
        name="events",
        # A stream counts as a request under way for as long as it is open.
        command=[*_granian("project.asgi:application", "asgi", host, port), "--backlog", str(EVENT_STREAMS)],
        environment=environment,
        is_ready=answers(f"http://{_reachable(host)}:{port}/healthz"),
    )


def web(environment: Mapping[str, str], host: str, port: int) -> Plan:
    return Plan(
        name="web",
        command=[*_granian("project.wsgi:application", "wsgi", host, port), "--blocking-threads", str(WEB_THREADS)],
        environment=environment,
        is_ready=answers(f"http://{_reachable(host)}:{port}/healthz"),
    )


def prepare(environment: Mapping[str, str]) -> Plan:
    return Plan(name="prepare", command=_python("-m", "project.stack.prepare"), environment=environment)


def answers(url: str) -> Callable[[], bool]:
    """True once the address answers in HTTP at all, whatever the status."""

    def is_answering() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (our own loopback address)
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return is_answering


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _celery(*arguments: str) -> list[str]:
    return _python("-m", "celery", "--quiet", "--skip-checks", "--app", "project", *arguments)  # `prepare` made them


def _granian(application: str, interface: str, host: str, port: int) -> list[str]:
    flags = ["--interface", interface, "--host", host, "--port", str(port), "--workers", "1"]
    return _python(
        "-m", "granian", *flags, "--workers-kill-timeout", "5", "--no-ws", "--log-level", "error", application
    )


def _reachable(host: str) -> str:
    if host in ("", "0.0.0.0"):  # noqa: S104
        return LOOPBACK
    return f"[{'::1' if host == '::' else host}]" if ":" in host else host
