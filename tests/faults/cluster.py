"""The product as real processes. A test can kill, stop and start each of them.

    cluster.start("worker", LEASE=2)          # a process by name, with its own settings; "worker2" is a second worker
    cluster.kill("worker")                    # SIGKILL, also for its pool; `signal` sends other signals
    cluster.provider.script("submit", ...)    # the scripted provider, another process
    cluster.failpoints.arm("take.stored")         # pause the next process there: see `generations.common.failpoints`

The processes start with the commands of `make run`. The test process uses the same database and media folder. Its
messages do not reach the cluster's Valkey, so the dispatcher finds the jobs that it submits.
"""

import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import redis
from celery import Celery

from project.env import database_settings
from project.stack import services
from project.stack.embedded import Valkey
from project.stack.ports import free_port
from project.stack.postgres import Postgres
from project.stack.processes import Child, ProcessSpec, start_and_wait
from tests.embedded import FAST
from tests.fakes.provider import RemoteProvider
from tests.stack import clean_environment

WAIT_SECONDS = 90.0
REGULAR_PROCESSES = ("postgres", "valkey", "provider", "worker", "media-worker", "beat")
WORKERS = {
    "worker": services.worker,
    "media-worker": services.media_worker,
    "webhook-worker": services.webhook_worker,
}


def wait_until(
    condition: Callable[[], object], *, what: str | Callable[[], str] = "", within: float = WAIT_SECONDS
) -> None:
    """Wait until the condition is true. AssertionError with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, _timeout_message(condition, what() if callable(what) else what, within)
        time.sleep(0.02)


def _timeout_message(condition: Callable[[], object], what: str, within: float) -> str:
    return f"waited {within:.0f} s for {what or condition}: timed out"


class Failpoints:
    """Controls the failpoints of `generations.common.failpoints`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def arm(self, name: str, *, then: str = "hold") -> None:
        """Pause the first process that reaches it. With `then="die"` end each process that does."""
        draft = self.folder / f"{name}.draft"
        draft.write_text(then)
        draft.rename(self.folder / name)

    def wait_reached(self, name: str) -> None:
        wait_until((self.folder / f"{name}.reached").exists, what=f"a process at {name}")

    def release(self, name: str) -> None:
        (self.folder / f"{name}.released").touch()

    def clear(self) -> None:
        """Disarm all failpoints and continue all paused processes."""
        for path in self.folder.glob("*.reached"):
            path.with_suffix(".released").touch()
        for path in list(self.folder.iterdir()):
            if path.suffix not in (".released", ".reached"):
                path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove all files before the next test. Paused processes must have continued or died."""
        for path in list(self.folder.iterdir()):
            path.unlink(missing_ok=True)


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run").mkdir(parents=True)
        (folder / "static").mkdir()
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.media = folder / "media"
        self.failpoints = Failpoints(folder / "points")
        self.postgres = Postgres(folder, settings={**FAST, "synchronous_commit": "on"})
        self.valkey = Valkey(folder, free_port(), is_durable=False)
        self.provider = RemoteProvider(f"http://127.0.0.1:{free_port()}")
        self.web_url = f"http://127.0.0.1:{free_port()}"
        self.provider_honors_keys = False
        self._children: dict[str, Child] = {}
        self._settings: dict[str, dict[str, object]] = {}

    # One process.

    def start(self, name: str, **settings: object) -> None:
        """Start a process and wait until it is ready. The settings apply only to this process."""
        assert not self.is_running(name), f"{name} runs already"
        self._settings[name] = settings
        self._children[name] = start_and_wait(self._spec(name, settings), log=self.log(name))

    def fill_disk(self, name: str) -> None:
        """Limit the file size of the process and its pool to a few bytes, so that writing is an OSError."""
        self._settings[name] = {"disk": "full"}
        for process in (self.process(name), *self.pool(name)):
            process.rlimit(psutil.RLIMIT_FSIZE, (16, 16))

    def stop(self, name: str) -> int:
        """Stop the process like a deployment, and return its exit code."""
        child = self._children.pop(name)
        child.stop()
        return child.process.returncode

    def kill(self, name: str) -> None:
        """Kill the process and its children."""
        self._children.pop(name).kill()

    def restart(self, name: str, **settings: object) -> None:
        self.kill(name)
        self.start(name, **settings)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process. SIGSTOP and SIGCONT also go to its pool."""
        targets = [self.process(name)]
        if number in (signal.SIGSTOP, signal.SIGCONT):
            targets += self.pool(name)
        for process in targets:
            with suppress(psutil.NoSuchProcess):  # processes of a pool may exit
                process.send_signal(number)

    def wait_ended(self, name: str) -> int:
        """Wait until the process has exited, and return its exit code."""
        wait_until(lambda: not self.is_running(name), what=f"the end of {name}")
        return self._children.pop(name).process.returncode

    def is_running(self, name: str) -> bool:
        return name in self._children and self._children[name].exit_code() is None

    def process(self, name: str) -> psutil.Process:
        return psutil.Process(self._children[name].process.pid)

    def pool(self, name: str) -> list[psutil.Process]:
        """The children of a process, e.g. the pool of a worker."""
        return self.process(name).children(recursive=True)

    def log(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.log"

    def valkey_client(self) -> redis.Redis:
        return redis.Redis.from_url(self.valkey.url, decode_responses=True)

    def celery(self) -> Celery:
        """A client of the cluster's broker, to send messages and commands to workers."""
        return Celery("cluster", broker=self.valkey.url, set_as_current=False)

    # All processes.

    def start_all(self) -> None:
        for name in REGULAR_PROCESSES[:2]:
            self.start(name)
        self._migrate()
        for name in REGULAR_PROCESSES[2:]:
            self.start(name)

    def restore(self) -> None:
        """Restore the regular processes with their regular settings after a test."""
        self.failpoints.clear()
        for name in list(self._children):
            is_regular = name in REGULAR_PROCESSES and self.is_running(name) and not self._settings[name]
            if not is_regular:
                self._resume(name)
                self.kill(name)
        for name in REGULAR_PROCESSES:
            if name in self._children:
                self._resume(name)
            else:
                self.start(name)

    def stop_all(self) -> None:
        self.failpoints.clear()
        self.provider.close()
        for name in reversed(list(self._children)):
            self._resume(name)
            self.stop(name)

    def _resume(self, name: str) -> None:
        if self.is_running(name):
            self.signal(name, signal.SIGCONT)

    # How the processes start.

    @property
    def database(self) -> dict[str, object]:
        return database_settings(self.postgres.url)

    def environment(self, settings: dict[str, object]) -> dict[str, str]:
        return clean_environment(
            self.folder,
            DJANGO_SETTINGS_MODULE="tests.faults.settings",
            DATABASE_URL=self.postgres.url,
            REDIS_URL=self.valkey.url,
            LTX_API_KEY="a-key",
            LTX_BASE_URL=self.provider.base_url,
            TMPDIR=str(self.temporary),
            FAILPOINTS_DIR=str(self.failpoints.folder),
            FAULT_SETTINGS=json.dumps(settings),
            PYTHONUNBUFFERED="1",
            LOG_LEVEL="INFO",
        )

    def _spec(self, name: str, settings: dict[str, object]) -> ProcessSpec:
        environment = self.environment(settings)
        kind = name.rstrip("0123456789")
        if kind == "postgres":
            self.postgres.prepare()
            return self.postgres.spec(environment)
        if kind == "valkey":
            self.valkey.prepare()
            return self.valkey.spec(environment)
        if kind == "provider":
            return self._provider_spec(environment)
        if kind == "web":
            host, port = "127.0.0.1", int(self.web_url.rpartition(":")[2])
            return services.web(environment, host, port)
        if kind == "beat":
            return services.beat(environment, self.folder / "run" / name)
        made = WORKERS[kind](environment, self.folder / "run" / f"{name}-ready")
        return replace(made, command=[*made.command, "--hostname", f"{name}@cluster"])

    def _provider_spec(self, environment: dict[str, str]) -> ProcessSpec:
        port = self.provider.base_url.rpartition(":")[2]
        return ProcessSpec(
            name="provider",
            command=[sys.executable, "-m", "tests.fakes.provider", "--port", port, "--polls-until-done", "1"],
            environment=environment,
            is_ready=services.responds(self.provider.base_url),
        )

    def _migrate(self) -> None:
        migration = ProcessSpec(
            name="migrate",
            command=[sys.executable, "manage.py", "migrate", "--settings", "tests.faults.settings", "--verbosity", "0"],
            environment=self.environment({}),
        )
        with self.log("migrate").open("ab") as log:
            child = Child(migration, log)
        assert child.process.wait(120) == 0, self.log("migrate").read_text()
