"""Debounced background calls."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread


class Debouncer:
    """Run a function in a background thread soon after `trigger`, at most once per `pause`.

    Triggers that arrive during a call or the pause share the next call. A pending call is lost when the process ends.
    """

    def __init__(self, function: Callable[[], object], *, pause: float = 0.05) -> None:
        self._function = function
        self._pause = pause  # seconds
        self._triggered = Event()
        self._start_lock = Lock()
        self._thread: Thread | None = None

    def trigger(self) -> None:
        self._triggered.set()
        # A forked process has no threads, so a thread of the parent counts as stopped.
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="debouncer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._triggered.wait()
            self._triggered.clear()
            self._function()
            time.sleep(self._pause)
