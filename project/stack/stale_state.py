"""Processes that an earlier run of the same data folder left behind because its supervisor was killed."""

import signal
from pathlib import Path

import psutil

from .processes import STACK_VARIABLE

STOP_SECONDS = 10


def find_stale_processes(data_dir: Path) -> list[psutil.Process]:
    """Processes with the data folder in STACK_VARIABLE.

    PostgreSQL's backends overwrite their environment, so they are found by their working folder.
    """
    own = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in own and _belongs(process, data_dir)]


def stop_stale_processes(data_dir: Path) -> list[str]:
    """Ask them to stop, kill the rest after STOP_SECONDS, and return the names of all that were found."""
    found = find_stale_processes(data_dir)
    names = sorted({_name(process) for process in found})
    for process in found:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(found, timeout=STOP_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
    return names


def _belongs(process: psutil.Process, data_dir: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        is_postgres = Path(process.cwd()) == data_dir / "postgres"
        return is_postgres or process.environ().get(STACK_VARIABLE) == str(data_dir)
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
