"""Named points at which a test can hold a real process, or let it die, between two steps that no request separates.

Only the settings of the fault tests define FAULT_POINTS, a folder; no environment variable of the product sets it,
so that everywhere else `reach` does nothing.

A test arms a point with a file `<name>`. The first process to reach it renames the file to `<name>.reached` and waits
until `<name>.released` is there. A file that says `die` stays, and ends each process that reaches it.
"""

import os
import signal
import time
from pathlib import Path

from django.conf import settings

_PATIENCE = 60.0  # seconds; a test that died must not leave processes behind
_TICK = 0.01


def reach(name: str) -> None:
    """Pass the point `name`; the names are those of the calls."""
    if folder := getattr(settings, "FAULT_POINTS", None):
        _meet(Path(folder) / name)


def _meet(point: Path) -> None:
    try:
        if point.read_text() == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        point.rename(f"{point}.reached")
    except FileNotFoundError:
        return
    deadline = time.monotonic() + _PATIENCE
    while not Path(f"{point}.released").exists() and time.monotonic() < deadline:
        time.sleep(_TICK)
