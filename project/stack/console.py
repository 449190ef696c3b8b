"""What a person sees: each child's lines under its name, and the stack's own."""

import os
import sys
from contextlib import suppress
from typing import TextIO

_COLOURS = (36, 32, 35, 33, 34, 96, 92, 95)
_WIDTH = 8
OWN_NAME = "dailies"


class Console:
    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._is_coloured = stream is not None and stream.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}

    def line(self, name: str, text: str) -> None:
        self._write(f"{self._prefix(name)} {text}\n")

    def say(self, text: str) -> None:
        self.line(OWN_NAME, text)

    def block(self, lines: list[str]) -> None:
        self._write("\n" + "".join(f"  {line}\n" for line in lines) + "\n")

    def _prefix(self, name: str) -> str:
        padded = f"{name:<{_WIDTH}} |"
        if not self._is_coloured:
            return padded
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{padded}\x1b[0m"

    def _write(self, text: str) -> None:
        """A terminal that was closed must not end the stack: what cannot be shown is dropped."""
        if self._stream is None:
            return
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def complain(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        print(f"{OWN_NAME}: {text}", file=sys.stderr, flush=True)  # noqa: T201
