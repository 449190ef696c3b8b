"""One child process: a session of its own, output through a pipe, and an end that takes its own children along."""

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

from .errors import StackError

MARK = "DAILIES_STACK"
"""Variable that every process of a stack inherits; its value is the data folder."""
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def always() -> bool:
    return True


def nothing() -> None:
    pass


@dataclass(frozen=True)
class Plan:
    """How to start a child, know that it is ready and still well, and ask it to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = always
    ready_within: float = 60
    is_well: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    before_exec: Callable[[], None] = nothing


class Child:
    """Its lines come through a pipe, or go to a file when one is given."""

    def __init__(self, plan: Plan, log: IO[bytes] | None = None) -> None:
        self.plan = plan
        parent = os.getpid()
        self.process = subprocess.Popen(
            list(plan.command),
            env=dict(plan.environment),
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # This process has one thread, so running Python between fork and exec is safe.
            preexec_fn=lambda: _become_child(plan, parent),  # noqa: PLW1509
        )

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def output(self) -> int:
        return cast("IO[bytes]", self.process.stdout).fileno()

    def exit_code(self) -> int | None:
        return self.process.poll()

    def ask_to_stop(self) -> None:
        """Signal the leader alone: servers end their own workers in order."""
        if self.exit_code() is None:
            self.process.send_signal(self.plan.stop_signal)

    def kill(self) -> None:
        """End the whole session, also what the leader left behind."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask, wait a while, then make it."""
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.kill()


def start_and_wait(plan: Plan, log: Path) -> Child:
    """Start a child on its own, its lines in a file; StackError when it does not become ready."""
    with log.open("ab") as file:
        child = Child(plan, file)
    deadline = time.monotonic() + plan.ready_within
    while not plan.is_ready():
        code = child.exit_code()
        if code is not None or time.monotonic() > deadline:
            child.kill()
            reason = "was not ready in time" if code is None else describe_exit(code)
            raise StackError(f"{plan.name} {reason}; see {log}")
        time.sleep(0.02)
    return child


def _become_child(plan: Plan, parent: int) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(name, signal.SIG_DFL)  # `nohup` and `&` leave some of them ignored
    plan.before_exec()
    die_with_parent(parent, plan.stop_signal)


def die_with_parent(parent: int, stop_signal: signal.Signals) -> None:
    """Call between fork and exec: should the parent be killed outright, the kernel (Linux's) asks the child to stop."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)


def describe_exit(code: int) -> str:
    """Words for a return code, e.g. `was killed by SIGKILL`."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
