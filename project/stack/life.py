"""Signs of life of a child that may stand still without dying."""

import time
from collections.abc import Callable
from pathlib import Path


class SignOfLife:
    """A file that the child touches every few seconds. True as long as it does, or has not begun to.

    What counts is the time since the last change was seen, by a clock that stops while the machine sleeps.
    """

    def __init__(self, path: Path, *, within: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        path.unlink(missing_ok=True)  # an earlier child's
        self._path = path
        self._within = within
        self._clock = clock
        self._last: int | None = None
        self._seen_at = 0.0

    def __call__(self) -> bool:
        touched = self._path.stat().st_mtime_ns if self._path.exists() else None
        if touched is None or touched != self._last:
            self._last, self._seen_at = touched, self._clock()
        return self._clock() - self._seen_at < self._within
