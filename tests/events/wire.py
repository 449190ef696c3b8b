"""A browser's side of a stream: a socket, and what EventSource would make of its bytes."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any, Self

PATIENCE = 20.0


def eventually(is_so: Callable[[], object]) -> None:
    """Wait until it is so, and fail when it does not become so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Received:
    id: str
    name: str
    data: dict[str, Any]


def _connected(port: int, room: int | None) -> socket.socket:
    made = socket.socket()
    if room is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    made.settimeout(PATIENCE)
    made.connect(("127.0.0.1", port))
    return made


class Stream:
    """An open stream. With little `room`, in bytes, what the client does not read stays at the server."""

    def __init__(self, port: int, path: str, *, room: int | None = None, **headers: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._connection.sock = _connected(port, room)
        self._connection.request("GET", path, headers={name.replace("_", "-"): v for name, v in headers.items()})
        self.answer: HTTPResponse = self._connection.getresponse()
        self.comments = 0
        self.retry = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self.answer.close()
        self._connection.close()

    def next(self) -> Received:
        """The next event, whatever heartbeats come before it."""
        while True:
            fields = self._block()
            assert fields is not None, "the stream ended"
            if "data" in fields:
                return Received(fields["id"], fields.get("event", ""), json.loads(fields["data"]))

    def ends_within(self, seconds: float) -> bool:
        """Read to the end. False when the stream still goes on after so long, or was cut."""
        end = time.monotonic() + seconds
        try:
            while self._block() is not None:
                if time.monotonic() > end:
                    return False
        except (IncompleteRead, ConnectionError):
            return False
        return True

    def has_ended(self) -> bool:
        """Read to the end. True when the server ended the answer properly, False when it was cut."""
        end = time.monotonic() + PATIENCE
        try:
            while self._block() is not None:
                assert time.monotonic() < end, "the stream goes on"
        except (IncompleteRead, ConnectionError):
            return False
        return True

    def _block(self) -> dict[str, str] | None:
        fields: dict[str, str] = {}
        while (line := self.answer.readline()) not in (b"\n", b""):
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            else:
                self.comments += 1
        self.retry = fields.get("retry", self.retry)
        return fields if line else None
