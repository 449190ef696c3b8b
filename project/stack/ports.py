"""Free loopback ports, and ports stored in the data folder."""

import contextlib
import json
import secrets
import socket
from pathlib import Path

from .processes import StackError

LOOPBACK = "127.0.0.1"
# Below the ephemeral ports (Linux from 32768, others from 49152). The system may assign an ephemeral port to an
# outgoing connection after it was chosen here and before the server listens on it.
PORT_RANGE = range(20_000, 32_000)
MAX_ATTEMPTS = 100


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def require_free(name: str, host: str, port: int) -> int:
    if not is_free(host, port):
        raise StackError(f"{name} {port} is in use on {host} by another program; stop it or use another {name}")
    return port


def free_port() -> int:
    """A loopback port without a listener, outside the range of ephemeral ports."""
    for _ in range(MAX_ATTEMPTS):
        port = secrets.choice(PORT_RANGE)
        if is_free(LOOPBACK, port):
            return port
    raise StackError(
        f"{MAX_ATTEMPTS} ports between {PORT_RANGE.start} and {PORT_RANGE.stop} are all in use on {LOOPBACK}"
    )


class StoredPorts:
    """Free loopback ports. Each start uses the same ones if possible, so that stored URLs stay valid."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "ports.json"
        self._ports = self._load()

    def choose(self, name: str, *, first: int | None = None) -> int:
        for port in (self._ports.get(name), first):
            if port and is_free(LOOPBACK, port):
                return self._store(name, port)
        return self._store(name, free_port())

    def _load(self) -> dict[str, int]:
        try:
            return dict(json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def _store(self, name: str, port: int) -> int:
        self._ports[name] = port
        self._path.write_text(json.dumps(self._ports))
        return port
