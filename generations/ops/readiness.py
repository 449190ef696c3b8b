"""Readiness: can this installation accept work? Each part is tested in its own thread, with one deadline for all.

A check that hangs keeps its thread until its own timeout. While too many hang, the site is not ready.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection

from generations.common.errors import DailiesError
from generations.common.valkey import valkey
from generations.media.storages import media_storage

from .heartbeat import heartbeat_age

DEADLINE = 3.0
"""Seconds for all parts together."""
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="readiness")

log = structlog.get_logger(__name__)


class NotReadyError(DailiesError):
    """A part works incorrectly. The message is public: it contains no addresses and no secrets."""

    status = 503
    code = "unavailable"


@dataclass(frozen=True)
class Part:
    ok: bool
    milliseconds: float
    reason: str = ""


@dataclass(frozen=True)
class Readiness:
    parts: dict[str, Part]

    @property
    def is_ready(self) -> bool:
        return all(part.ok for part in self.parts.values())

    def as_json(self) -> dict[str, Any]:
        return {"status": "ready" if self.is_ready else "not_ready", "parts": asdict(self)["parts"]}


def readiness() -> Readiness:
    """Check every part. Calls within the same second share one result, so that frequent probes are cheap."""
    return _readiness_in(int(time.monotonic()))


@lru_cache(maxsize=1)
def _readiness_in(_second: int) -> Readiness:
    futures = {name: _THREADS.submit(_run, check) for name, check in CHECKS.items()}
    wait(futures.values(), timeout=DEADLINE)
    parts = {name: _part(name, future) for name, future in futures.items()}
    return Readiness(parts)


def _run(check: Callable[[], None]) -> float:
    started = time.perf_counter()
    try:
        check()
    finally:
        connection.close()
    return round((time.perf_counter() - started) * 1000, 1)


def _part(name: str, future: "Future[float]") -> Part:
    if not future.done():
        future.cancel()
        return Part(False, DEADLINE * 1000, "no response in time")
    error = future.exception()
    if error is None:
        return Part(True, future.result())
    # The messages of DailiesError are public. Other messages may contain addresses.
    reason = error.message if isinstance(error, DailiesError) else "not usable"
    log.warning("not_ready", part=name, reason=reason, error=type(error).__name__)
    return Part(False, 0, reason)


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_broker() -> None:
    """Write, because a full Valkey still allows reads."""
    valkey().set("dailies:ready", "1", ex=60)


def check_storage() -> None:
    name, content = f"ready/{uuid4().hex}", b"ready"
    storage = media_storage()
    storage.save(name, ContentFile(content))
    try:
        with storage.open(name) as file:
            if file.read() != content:
                raise NotReadyError("it does not return the stored content")
    finally:
        storage.delete(name)


def check_heartbeat() -> None:
    age = heartbeat_age()
    if age is None:
        raise NotReadyError("no worker has finished a task yet")
    if age > settings.HEARTBEAT_MAX_AGE.total_seconds():
        raise NotReadyError(f"no worker has finished a task for {age:.0f} s")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "storage": check_storage,
    "heartbeat": check_heartbeat,
}
