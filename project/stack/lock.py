"""One run for one data folder: an advisory lock that the kernel drops when its holder dies, however it dies."""

import errno
import fcntl
import os
from pathlib import Path

from .errors import StackError


class DataDirLock:
    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "run" / "lock"
        self._file: int | None = None

    def acquire(self, holder: str) -> bool:
        """Take the lock and write who holds it; False when another process has it."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        os.ftruncate(file, 0)
        os.write(file, f"{holder}, process {os.getpid()}".encode())
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def holder(self) -> str:
        return self.path.read_text(errors="replace") or "another process"


def open_data_dir(data_dir: Path) -> None:
    """Make the folder; StackError when it cannot be written."""
    if data_dir.exists() and not data_dir.is_dir():
        raise StackError(f"DATA_DIR {data_dir} is a file, not a folder")
    try:
        (data_dir / "run").mkdir(parents=True, exist_ok=True)
        probe = data_dir / "run" / f"probe-{os.getpid()}"
        probe.write_bytes(b"can this folder be written?")
        probe.unlink()
    except OSError as error:
        raise StackError(f"DATA_DIR {data_dir} cannot be used: {error.strerror or error}") from error
