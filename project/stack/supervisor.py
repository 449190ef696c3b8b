"""Start children in order, show their lines, notice when one dies, and stop all of them."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType

from .children import Child, Plan, describe_exit
from .console import Console
from .errors import StackError, StopRequested

TICK_SECONDS = 0.05
GRACE_SECONDS = 15
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One thread: children's pipes, signals and clocks are looked at in turn."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._partial: dict[int, bytes] = {}
        self._stop_requests = 0

    def listen_for_signals(self) -> None:
        """Also those that `&` or a closed terminal would make Python ignore; a SIGHUP that nohup ignores stays so."""
        for name in _STOP_SIGNALS:
            if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
                signal.signal(name, self._note_stop)

    def start(self, plan: Plan) -> Child:
        child = Child(plan)
        self._children.append(child)
        os.set_blocking(child.output, False)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        return child

    def wait_until_ready(self, children: Iterable[Child]) -> None:
        """Raise StackError when one dies or takes too long."""
        waiting = list(children)
        started = time.monotonic()
        while waiting:
            self._check()
            waiting = [child for child in waiting if not child.plan.is_ready()]
            for child in waiting:
                if time.monotonic() - started > child.plan.ready_within:
                    raise StackError(f"{child.name} was not ready after {child.plan.ready_within:.0f} seconds")
            self._pump(TICK_SECONDS)

    def run(self, plan: Plan) -> None:
        """Run a child to its end; StackError when it fails."""
        child = self.start(plan)
        while (code := child.exit_code()) is None:
            self._check(besides=child)
            self._pump(TICK_SECONDS)
        self._forget(child)
        if code:
            raise StackError(f"{child.name} {describe_exit(code)}; its lines above say why")

    def watch(self) -> None:
        """Return never: StopRequested when asked to stop, StackError when a child dies or stands still."""
        while True:
            self._check()
            self._check_health()
            self._pump(0.5)

    def stop(self, *, are_last: Callable[[Child], bool]) -> None:
        """Stop the children in reverse order; those that others need come last."""
        for group in (
            [child for child in reversed(self._children) if not are_last(child)],
            [child for child in reversed(self._children) if are_last(child)],
        ):
            self._stop_group(group)

    def _stop_group(self, group: list[Child]) -> None:
        requests = self._stop_requests
        for child in group:
            child.ask_to_stop()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(child.exit_code() is None for child in group) and time.monotonic() < deadline:
            self._pump(TICK_SECONDS)
            if self._stop_requests > requests + 1:  # asked again: no more patience
                break
        for child in group:
            if child.exit_code() is None:
                self._console.say(f"{child.name} did not stop in time and was killed")
            self._forget(child)

    def _check(self, *, besides: Child | None = None) -> None:
        if self._stop_requests:
            raise StopRequested
        for child in self._children:
            code = child.exit_code()
            if code is not None and child is not besides:
                self._forget(child)
                raise StackError(f"{child.name} {describe_exit(code)}; everything is stopped")

    def _check_health(self) -> None:
        for child in self._children:
            if not child.plan.is_well():
                raise StackError(f"{child.name} lives but gives no sign of life; everything is stopped")

    def _pump(self, seconds: float) -> None:
        """Show what the children wrote, waiting for it no longer than this."""
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

    def _forget(self, child: Child) -> None:
        """End what is left of the child, show its last lines and let go of it."""
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

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1
