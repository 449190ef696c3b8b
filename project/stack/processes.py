"""Child processes of the stack. Each runs in its own session, writes to a pipe, and stops with its own children."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

STACK_VARIABLE = "DAILIES_STACK"
"""Environment variable that every process of a stack inherits. Its value is the data folder."""
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StackError(Exception):
    """The stack cannot start or continue. The message is one line: the reason and what to change."""


class StopRequested(Exception):
    """The stack received Ctrl-C, SIGTERM or SIGHUP."""


def always() -> bool:
    return True


def do_nothing() -> None:
    pass


@dataclass(frozen=True)
class ProcessSpec:
    """How to start a child process, check that it is ready and healthy, and ask it to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = always
    ready_seconds: float = 60
    is_healthy: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    before_exec: Callable[[], None] = do_nothing


class LivenessFile:
    """A file that a healthy process touches every few seconds. True while it does, and before it has started to.

    Measures the time since the last observed change, with a clock that stops while the machine sleeps.
    """

    def __init__(self, path: Path, *, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        path.unlink(missing_ok=True)  # from an earlier process
        self._path = path
        self._seconds = seconds
        self._clock = clock
        self._last: int | None = None
        self._changed_at = 0.0

    def __call__(self) -> bool:
        touched = self._path.stat().st_mtime_ns if self._path.exists() else None
        if touched is None or touched != self._last:
            self._last, self._changed_at = touched, self._clock()
        return self._clock() - self._changed_at < self._seconds


class Child:
    """A running child process. Its output goes to a pipe, or to a file when one is given."""

    def __init__(self, spec: ProcessSpec, log: IO[bytes] | None = None) -> None:
        self.spec = spec
        parent = os.getpid()
        self.process = subprocess.Popen(
            list(spec.command),
            env=dict(spec.environment),
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # This process has one thread, so running Python between fork and exec is safe.
            preexec_fn=lambda: _prepare_child(spec, parent),  # noqa: PLW1509
        )

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def output(self) -> int:
        return cast("IO[bytes]", self.process.stdout).fileno()

    def exit_code(self) -> int | None:
        return self.process.poll()

    def request_stop(self) -> None:
        """Signal only the session leader: servers stop their own workers in order."""
        if self.exit_code() is None:
            self.process.send_signal(self.spec.stop_signal)

    def kill(self) -> None:
        """Kill the whole session, including processes that the leader left behind."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Request a stop, wait up to STOP_SECONDS, then kill."""
        self.request_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.kill()


def start_and_wait(spec: ProcessSpec, log: Path) -> Child:
    """Start a child without a supervisor, with its output in a file. StackError if it does not become ready."""
    with log.open("ab") as file:
        child = Child(spec, file)
    deadline = time.monotonic() + spec.ready_seconds
    while not spec.is_ready():
        code = child.exit_code()
        if code is not None or time.monotonic() > deadline:
            child.kill()
            reason = "was not ready in time" if code is None else describe_exit(code)
            raise StackError(f"{spec.name} {reason}; see {log}")
        time.sleep(0.02)
    return child


def _prepare_child(spec: ProcessSpec, parent: int) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(name, signal.SIG_DFL)  # `nohup` and `&` leave some of them ignored
    spec.before_exec()
    stop_with_parent(parent, spec.stop_signal)


def stop_with_parent(parent: int, stop_signal: signal.Signals) -> None:
    """Call between fork and exec. If the parent is killed, the kernel sends the child `stop_signal` (Linux only)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)


def describe_exit(code: int) -> str:
    """Text for a return code, e.g. `was killed by SIGKILL`."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with code {code}"
