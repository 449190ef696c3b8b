"""`make run` as a process: the real supervisor with its own data folder and port."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from project.env import ROOT
from project.stack.data_dir import RunningServices, read_services
from project.stack.ports import free_port
from project.stack.processes import stop_with_parent
from project.stack.stale_state import find_stale_processes, stop_stale_processes
from tests.embedded import PRODUCT_VARIABLES

READY_SECONDS = 120
STOP_SECONDS = 60


def clean_environment(data_dir: Path, **given: str) -> dict[str, str]:
    """The environment of this process without the variables of the product and of the test suite."""
    dropped = (
        *PRODUCT_VARIABLES,
        "DATABASE_URL",
        "REDIS_URL",
        "DJANGO_SETTINGS_MODULE",
        "PYTEST_",
        "DAILIES_",
        "PORT",
        "HOST",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "ENV_FILE": os.devnull, "DATA_DIR": str(data_dir), **given}


def manage(*arguments: str, data_dir: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` like a user in a second terminal."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=clean_environment(data_dir, **given),
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


class StackProcess:
    """One process `python -m project.stack run`. Use it as a context manager, or call start and stop."""

    def __init__(self, data_dir: Path, *, launcher: tuple[str, ...] = (), **given: str) -> None:
        self.data_dir = data_dir
        self.port = int(given.pop("PORT", 0)) or free_port()
        self.environment = clean_environment(data_dir, PORT=str(self.port), **given)
        self._launcher = launcher
        self._log = data_dir.parent / f"{data_dir.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def services(self) -> RunningServices:
        found = read_services(self.data_dir)
        assert found is not None, "the stack is not running"
        return found

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def launch(self) -> Self:
        """Start without waiting until it is ready."""
        command = [*self._launcher, sys.executable, "-m", "project.stack", "run"]
        parent = os.getpid()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: stop_with_parent(parent, signal.SIGTERM),  # noqa: PLW1509
            )
        return self

    def start(self) -> Self:
        """Start and wait until it is ready."""
        self.launch()
        deadline = time.monotonic() + READY_SECONDS
        while (found := read_services(self.data_dir)) is None or found.pid != self.pid:
            assert self._exit_code() is None, f"the stack exited early:\n{self.output}"
            assert time.monotonic() < deadline, f"the stack was not ready in time:\n{self.output}"
            time.sleep(0.05)
        return self

    def wait(self) -> int:
        """Wait until it exits, and return the exit code."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.signal(with_signal)
        return self.wait()

    def signal(self, name: signal.Signals) -> None:
        os.kill(self.pid, name)

    def child(self, name: str) -> psutil.Process:
        """The child of the supervisor whose command line contains `name`."""
        children = psutil.Process(self.pid).children()
        return next(child for child in children if name in " ".join(child.cmdline()))

    @contextmanager
    def renders_suspended(self) -> Iterator[None]:
        """Suspend the render processes of the engine: it accepts jobs and responds, but finishes none."""
        renderers = self.child("generations.engine").children()
        assert renderers, "the engine has no render process"
        for renderer in renderers:
            renderer.suspend()
        try:
            yield
        finally:
            for renderer in renderers:
                with suppress(psutil.NoSuchProcess):
                    renderer.resume()

    def processes(self) -> list[psutil.Process]:
        """All processes of this data folder except the supervisor."""
        return [process for process in find_stale_processes(self.data_dir) if process.pid != self.pid]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError, AssertionError):
            if self._exit_code() is None:
                self.stop()
        stop_stale_processes(self.data_dir)

    def _exit_code(self) -> int | None:
        assert self._process is not None
        return self._process.poll()
