"""The files of the stack in DATA_DIR: the lock, the secrets, and the addresses of a running stack."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from .processes import StackError


def open_data_dir(data_dir: Path) -> None:
    """Create the folder. StackError if it is not writable."""
    if data_dir.exists() and not data_dir.is_dir():
        raise StackError(f"DATA_DIR {data_dir} is a file, not a folder")
    try:
        (data_dir / "run").mkdir(parents=True, exist_ok=True)
        probe = data_dir / "run" / f"probe-{os.getpid()}"
        probe.write_bytes(b"is this folder writable?")
        probe.unlink()
    except OSError as error:
        raise StackError(f"DATA_DIR {data_dir} cannot be used: {error.strerror or error}") from error


class DataDirLock:
    """Allows one run per data folder. The kernel releases the lock when its holder dies for any reason."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "run" / "lock"
        self._lock = FileLock(self.path, mode=0o600)

    def acquire(self, holder: str) -> bool:
        """Acquire the lock and store who holds it. False when another process holds it."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        self.path.write_text(f"{holder}, process {os.getpid()}")
        return True

    def release(self) -> None:
        self._lock.release()

    def holder(self) -> str:
        return self.path.read_text(errors="replace") or "another process"


@dataclass(frozen=True)
class RunningServices:
    """Where other commands on this machine reach a running stack."""

    pid: int
    url: str
    database_url: str
    redis_url: str
    engine_url: str
    events_port: int

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "ENGINE_URL": self.engine_url,
            "EVENTS_PORT": str(self.events_port),
            "PUBLIC_URL": self.url,
        }


def write_services(data_dir: Path, services: RunningServices) -> None:
    _write_private(_services_path(data_dir), json.dumps(asdict(services), indent=2) + "\n")


def read_services(data_dir: Path) -> RunningServices | None:
    try:
        return RunningServices(**json.loads(_services_path(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_services(data_dir: Path) -> None:
    _services_path(data_dir).unlink(missing_ok=True)


def read_secret(data_dir: Path, name: str) -> str:
    """Read a secret of the data folder. Create it on the first use, readable only by its owner."""
    path = data_dir / name
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def _services_path(data_dir: Path) -> Path:
    return data_dir / "services.json"


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
