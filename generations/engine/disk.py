"""Durable writes, and the lock of the data directory."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout


class DataDirInUseError(RuntimeError):
    """Another engine uses the same data directory."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step and wait until it is on the disk: a power cut leaves the old file or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def lock_data_dir(folder: Path) -> Iterator[None]:
    """Create a folder and lock it for this process. The kernel releases the lock, also when the process is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", blocking=False)
    try:
        held = lock.acquire()
    except Timeout as error:
        raise DataDirInUseError(f"another engine already uses {folder}") from error
    with held:
        yield
