"""A client of server-sent events: a socket, parsed as EventSource does."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any, Self

TIMEOUT = 20.0


def eventually(condition: Callable[[], object]) -> None:
    """Wait until the condition holds; fail after a timeout."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Received:
    id: str
    name: str
    data: dict[str, Any]


def _connect(port: int, receive_buffer: int | None) -> socket.socket:
    made = socket.socket()
    if receive_buffer is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(TIMEOUT)
    made.connect(("127.0.0.1", port))
    return made


class Stream:
    """An open stream. With a small `receive_buffer`, in bytes, the server keeps what the client does not read."""

    def __init__(self, port: int, path: str, *, receive_buffer: int | None = None, **headers: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._connection.sock = _connect(port, receive_buffer)
        self._connection.request("GET", path, headers={name.replace("_", "-"): v for name, v in headers.items()})
        self.response: HTTPResponse = self._connection.getresponse()
        self.comments = 0
        self.retry = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()
        self._connection.close()

    def next(self) -> Received:
        """Return the next event and skip heartbeats."""
        while True:
            fields = self._block()
            assert fields is not None, "the stream ended"
            if "data" in fields:
                return Received(fields["id"], fields.get("event", ""), json.loads(fields["data"]))

    def ends_within(self, seconds: float) -> bool:
        """Read to the end. Return False if the stream is still open after so long, or was cut."""
        end = time.monotonic() + seconds
        try:
            while self._block() is not None:
                if time.monotonic() > end:
                    return False
        except (IncompleteRead, ConnectionError):
            return False
        return True

    def has_ended(self) -> bool:
        """Read to the end. Return True if the server ended the response cleanly, False if it was cut."""
        end = time.monotonic() + TIMEOUT
        try:
            while self._block() is not None:
                assert time.monotonic() < end, "the stream is still open"
        except (IncompleteRead, ConnectionError):
            return False
        return True

    def _block(self) -> dict[str, str] | None:
        fields: dict[str, str] = {}
        while (line := self.response.readline()) not in (b"\n", b""):
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            else:
                self.comments += 1
        self.retry = fields.get("retry", self.retry)
        return fields if line else None
