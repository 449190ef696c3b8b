"""The console output of the stack: the lines of each child with its name, and the stack's own messages."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from .environment import StackEnvironment

_COLORS = (36, 32, 35, 33, 34, 96, 92, 95)
_WIDTH = 14
OWN_NAME = "dailies"
DEMO_ACCOUNTS = ("owner@example.com", "creator@example.com", "reviewer@example.com")
DEMO_PASSWORD = "dailies-demo"  # noqa: S105  (local settings only; production refuses to start with it)


class Console:
    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._is_colored = stream is not None and stream.isatty() and "NO_COLOR" not in os.environ
        self._colors: dict[str, int] = {}

    def line(self, name: str, text: str) -> None:
        self._write(f"{self._prefix(name)} {text}\n")

    def message(self, text: str) -> None:
        self.line(OWN_NAME, text)

    def block(self, lines: list[str]) -> None:
        self._write("\n" + "".join(f"  {line}\n" for line in lines) + "\n")

    def _prefix(self, name: str) -> str:
        padded = f"{name:<{_WIDTH}} |"
        if not self._is_colored:
            return padded
        color = self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])
        return f"\x1b[{color}m{padded}\x1b[0m"

    def _write(self, text: str) -> None:
        """Drop what cannot be written: a closed terminal must not stop the stack."""
        if self._stream is None:
            return
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def print_error(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        print(f"{OWN_NAME}: {text}", file=sys.stderr, flush=True)  # noqa: T201


def ready_block(environment: StackEnvironment, data_dir: Path) -> list[str]:
    """What a new user needs to know when everything runs."""
    external, embedded = _services(environment)
    lines = [
        f"Dailies is ready at {environment.web_url}",
        "",
        f"sign in    {', '.join(DEMO_ACCOUNTS)}",
        f"password   {DEMO_PASSWORD}",
        f"data       {data_dir}",
        f"embedded   {', '.join(embedded) or 'nothing'}",
    ]
    if external:
        lines.append(f"external   {', '.join(external)}")
    if environment.host not in ("127.0.0.1", "::1", "localhost"):
        lines.append(f"warning    HOST={environment.host} gives others on the network access to the demo accounts")
    return [*lines, "", "Ctrl-C stops everything."]


def _services(environment: StackEnvironment) -> tuple[list[str], list[str]]:
    """Two lists: the services that the environment names, and the ones that run here instead."""
    engine_variable = "LTX_API_KEY" if environment.ltx_api_key else "ENGINE_URL"
    services = [
        ("DATABASE_URL", "PostgreSQL", bool(environment.database_url)),
        ("REDIS_URL", "Valkey", bool(environment.redis_url)),
        (engine_variable, "local engine", not environment.is_engine_needed),
        ("S3_BUCKET", "files in the data folder", bool(environment.s3_bucket)),
    ]
    return [name for name, _, is_external in services if is_external], [
        service for _, service, is_external in services if not is_external
    ]
