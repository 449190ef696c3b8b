"""Start child processes in order, print their output, detect when one dies or hangs, and stop all of them."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType

from .console import Console
from .processes import Child, ProcessSpec, StackError, StopRequested, describe_exit

TICK_SECONDS = 0.05
STOP_SECONDS = 15
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs in one thread that checks pipes, signals and clocks in turn."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._partial: dict[int, bytes] = {}
        self._stop_requests = 0

    def listen_for_signals(self) -> None:
        """Handle the stop signals, also those that `&` leaves ignored. A SIGHUP that nohup ignores stays ignored."""
        for name in _STOP_SIGNALS:
            if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
                signal.signal(name, self._record_stop)

    def start(self, spec: ProcessSpec) -> Child:
        child = Child(spec)
        self._children.append(child)
        os.set_blocking(child.output, False)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        return child

    def wait_until_ready(self, children: Iterable[Child]) -> None:
        """Raise StackError when one dies or is not ready in time."""
        waiting = list(children)
        started = time.monotonic()
        while waiting:
            self._check()
            waiting = [child for child in waiting if not child.spec.is_ready()]
            for child in waiting:
                if time.monotonic() - started > child.spec.ready_seconds:
                    raise StackError(f"{child.name} was not ready after {child.spec.ready_seconds:.0f} seconds")
            self._pump(TICK_SECONDS)

    def run(self, spec: ProcessSpec) -> None:
        """Run a child until it exits. StackError if it fails."""
        child = self.start(spec)
        while (code := child.exit_code()) is None:
            self._check(except_for=child)
            self._pump(TICK_SECONDS)
        self._remove(child)
        if code:
            raise StackError(f"{child.name} {describe_exit(code)}; see its output above")

    def watch(self) -> None:
        """Never returns. Raises StopRequested on a stop signal, StackError when a child dies or hangs."""
        while True:
            self._check()
            self._check_health()
            self._pump(0.5)

    def stop(self, *, stop_last: Callable[[Child], bool]) -> None:
        """Stop the children in reverse order. The ones that others need stop last."""
        for group in (
            [child for child in reversed(self._children) if not stop_last(child)],
            [child for child in reversed(self._children) if stop_last(child)],
        ):
            self._stop_group(group)

    def _stop_group(self, group: list[Child]) -> None:
        requests = self._stop_requests
        for child in group:
            child.request_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.exit_code() is None for child in group) and time.monotonic() < deadline:
            self._pump(TICK_SECONDS)
            if self._stop_requests > requests + 1:  # a second signal: stop waiting
                break
        for child in group:
            if child.exit_code() is None:
                self._console.message(f"{child.name} did not stop in time and was killed")
            self._remove(child)

    def _check(self, *, except_for: Child | None = None) -> None:
        if self._stop_requests:
            raise StopRequested
        for child in self._children:
            code = child.exit_code()
            if code is not None and child is not except_for:
                self._remove(child)
                raise StackError(f"{child.name} {describe_exit(code)}; stopping everything")

    def _check_health(self) -> None:
        for child in self._children:
            if not child.spec.is_healthy():
                raise StackError(f"{child.name} hangs: it runs but shows no activity; stopping everything")

    def _pump(self, seconds: float) -> None:
        """Print the output of the children. Wait for it at most `seconds`."""
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            if not self._read(key.data):
                self._selector.unregister(key.fd)

    def _read(self, child: Child) -> bool:
        try:
            data = os.read(child.output, 65536)
        except BlockingIOError:
            return True
        *lines, rest = (self._partial.pop(child.output, b"") + data).split(b"\n")
        if rest:
            self._partial[child.output] = rest
        for line in lines:
            self._console.line(child.name, line.decode(errors="replace").rstrip("\r"))
        return bool(data)

    def _remove(self, child: Child) -> None:
        """Kill what is left of the child, print its last lines and remove it."""
        child.kill()
        if child.output in self._selector.get_map():
            while self._read(child) and self._selector.select(0):
                pass
            self._selector.unregister(child.output)
        if rest := self._partial.pop(child.output, b""):
            self._console.line(child.name, rest.decode(errors="replace"))
        if child in self._children:
            self._children.remove(child)
        if child.process.stdout:
            child.process.stdout.close()

    def _record_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1
