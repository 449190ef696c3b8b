"""Processes of an earlier run of the same data folder whose supervisor was killed."""

import signal
from pathlib import Path

import psutil

from .children import MARK

GRACE_SECONDS = 10


def find_leftovers(data_dir: Path) -> list[psutil.Process]:
    """Known by the mark in their environment; PostgreSQL's backends, which overwrite theirs, by their folder."""
    own = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in own and _belongs(process, data_dir)]


def end_leftovers(data_dir: Path) -> list[str]:
    """Ask them to stop, then make them; return the names of those that were found."""
    found = find_leftovers(data_dir)
    names = sorted({_name(process) for process in found})
    for process in found:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(found, timeout=GRACE_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)
    return names


def _belongs(process: psutil.Process, data_dir: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()) == data_dir / "postgres" or process.environ().get(MARK) == str(data_dir)
    except (psutil.Error, OSError):
        return False


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return f"process {process.pid}"


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        elif _name(process) == "postgres":
            process.send_signal(signal.SIGINT)  # fast shutdown: SIGTERM waits for clients
        else:
            process.terminate()
    except psutil.Error:
        return
