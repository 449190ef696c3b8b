"""Write so that a power cut leaves either the old file or the new one, and read it back."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class DataDirTakenError(RuntimeError):
    """Another engine works in the same data directory."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step and wait until it is on the disk."""
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
def exclusive(folder: Path) -> Iterator[None]:
    """Own a folder for as long as the process lives; the kernel lets go of it however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirTakenError(f"another engine already uses {folder}") from error
        yield
