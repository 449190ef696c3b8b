import contextlib
import json
import socket
from pathlib import Path

from .errors import StackError

LOOPBACK = "127.0.0.1"


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


class RememberedPorts:
    """Free loopback ports, the same ones at every start where possible: addresses that were stored stay true."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "ports.json"
        self._ports = self._load()

    def choose(self, name: str, *, first: int | None = None) -> int:
        for port in (self._ports.get(name), first):
            if port and is_free(LOOPBACK, port):
                return self._remember(name, port)
        with contextlib.closing(socket.create_server((LOOPBACK, 0))) as probe:
            return self._remember(name, int(probe.getsockname()[1]))

    def _load(self) -> dict[str, int]:
        try:
            return dict(json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def _remember(self, name: str, port: int) -> int:
        self._ports[name] = port
        self._path.write_text(json.dumps(self._ports))
        return port
