import contextlib
import json
import secrets
import socket
from pathlib import Path

from .errors import StackError

LOOPBACK = "127.0.0.1"
# Below the ports that systems lend to outgoing connections (Linux from 32768, the others from 49152): one of those
# may be lent between the moment of choosing and the moment of listening.
CHOSEN = range(20_000, 32_000)
ATTEMPTS = 100


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
        raise StackError(f"{name} {port} is taken on {host} by another program; stop it or choose another {name}")
    return port


def free_port() -> int:
    """A loopback port that nobody listens on, and that no outgoing connection will be given meanwhile."""
    for _ in range(ATTEMPTS):
        port = secrets.choice(CHOSEN)
        if is_free(LOOPBACK, port):
            return port
    raise StackError(f"{ATTEMPTS} ports between {CHOSEN.start} and {CHOSEN.stop} are all taken on {LOOPBACK}")


class RememberedPorts:
    """Free loopback ports, the same ones at every start where possible: addresses that were stored stay true."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "ports.json"
        self._ports = self._load()

    def choose(self, name: str, *, first: int | None = None) -> int:
        for port in (self._ports.get(name), first):
            if port and is_free(LOOPBACK, port):
                return self._remember(name, port)
        return self._remember(name, free_port())

    def _load(self) -> dict[str, int]:
        try:
            return dict(json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def _remember(self, name: str, port: int) -> int:
        self._ports[name] = port
        self._path.write_text(json.dumps(self._ports))
        return port
