"""Named points where a fault test can pause or kill a process.

Only the settings of the fault tests define FAILPOINTS_DIR. No environment variable of the product sets it, so
`failpoint` does nothing elsewhere.

A test arms a point with a file `<name>`. The first process that reaches the point renames the file to `<name>.reached`
and waits until `<name>.released` exists. If the file contains `die`, it stays, and each process that reaches the point
is killed.
"""

import os
import signal
import time
from pathlib import Path

from django.conf import settings

_MAX_WAIT = 60.0  # seconds; a test that crashed must not leave processes behind
_POLL_INTERVAL = 0.01


def failpoint(name: str) -> None:
    """Pause or kill the process here if a test has armed the point `name`."""
    if folder := getattr(settings, "FAILPOINTS_DIR", None):
        _hit(Path(folder) / name)


def _hit(point: Path) -> None:
    try:
        if point.read_text() == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        point.rename(f"{point}.reached")
    except FileNotFoundError:
        return
    deadline = time.monotonic() + _MAX_WAIT
    while not Path(f"{point}.released").exists() and time.monotonic() < deadline:
        time.sleep(_POLL_INTERVAL)
