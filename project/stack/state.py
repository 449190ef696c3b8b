"""`services.json`: where a running stack can be found, for every other command on this machine."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunningServices:
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


def _path(data_dir: Path) -> Path:
    return data_dir / "services.json"


def write_services(data_dir: Path, services: RunningServices) -> None:
    path = _path(data_dir)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(services), indent=2) + "\n")
    draft.replace(path)


def read_services(data_dir: Path) -> RunningServices | None:
    try:
        return RunningServices(**json.loads(_path(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_services(data_dir: Path) -> None:
    _path(data_dir).unlink(missing_ok=True)


def kept_secret(data_dir: Path, name: str) -> str:
    """A secret made once and kept with the data, readable by its owner alone."""
    path = data_dir / name
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        draft.replace(path)
    return path.read_text().strip()
