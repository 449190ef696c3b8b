"""Something small to be done soon, beside whoever asks for it, and seldom however often it is asked for."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread


class Bell:
    """Struck, it rings at once, from a thread of its own; then it pauses, and what strikes meanwhile shares one ring.

    Nothing is owed to a strike: with the process, what has not rung is gone.
    """

    def __init__(self, ring: Callable[[], object], *, pause: float = 0.05) -> None:
        self._ring = ring
        self._pause = pause  # seconds
        self._struck = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    def strike(self) -> None:
        self._struck.set()
        # After a fork there is no thread any more, whatever the parent had.
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._listen, name="bell", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while True:
            self._struck.wait()
            self._struck.clear()
            self._ring()
            time.sleep(self._pause)
