"""One exchange on one connection of its own, within a deadline.

The deadline covers everything from the connect to the last byte: a time-out per read does not stop a peer who sends
one byte a second. And the stream knows whether a byte has left, which is the difference between a request that was
never sent and one whose outcome is unknown.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpcore
import httpx

from .errors import Problem, UpstreamError
from .retries import parse_retry_after

Headers = Sequence[tuple[bytes, bytes]]

# All that httpcore raises for the other side's doing. OSError and UnicodeError: a name that cannot be looked up.
NETWORK_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    OSError,
    UnicodeError,
)
MAX_ANSWER_BYTES = 1 << 20
_WRITE_SIZE = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for the connection, for each read or write, and for all of it."""

    connect: float
    silence: float
    total: float

    def extensions(self) -> dict[str, Any]:
        return {"timeout": {"connect": self.connect, "read": self.silence, "write": self.silence}}


@dataclass(frozen=True)
class Call:
    """A request to send. What must not be seen is left out of its repr."""

    method: str
    url: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """An answer as it came, up to `MAX_ANSWER_BYTES`. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:100]

    @property
    def retry_after(self) -> float | None:
        return parse_retry_after(self.headers.get("retry-after"), now=datetime.now(UTC))


@cache
def ssl_context() -> ssl.SSLContext:
    """Load the certificates once a process: it costs more than the request itself."""
    return httpx.create_ssl_context(trust_env=False)


def target_of(url: str) -> httpcore.URL | None:
    """Parse an absolute http or https URL without a user name. None for anything else."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        return None
    return httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path or b"/"
    )


def header_map(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


class BrokenExchangeError(UpstreamError):
    """No answer came. `has_sent` tells whether a single byte of the request may have reached the other side."""

    def __init__(self, error: Exception, *, has_sent: bool) -> None:
        super().__init__(failure_text(error))
        self.has_sent = has_sent
        self.problem = problem_of(error)


def failure_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def problem_of(error: Exception) -> Problem:
    if isinstance(error, (httpcore.ReadError, httpcore.WriteError, httpcore.ProtocolError)):
        return Problem.CUT_OFF
    if isinstance(error, (httpcore.ReadTimeout, httpcore.WriteTimeout, TimeoutError)):
        return Problem.TIMED_OUT
    return Problem.UNREACHABLE


class Wire(httpcore.NetworkBackend):
    """A network backend for one connection: it keeps the deadline, and remembers whether anything was sent."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._backend = httpcore.SyncBackend()
        self.has_sent = False

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def left(self, timeout: float | None) -> float:
        """Return the seconds that the next step may take. 0 would mean "do not block", so never return it."""
        left = max(0.001, self._until - time.monotonic())
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self.left(timeout), local_address, socket_options)
        return _WireStream(stream, self)


class _WireStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._wire.is_over:
            raise httpcore.ReadTimeout("the deadline passed")
        return self._stream.read(max_bytes, self._wire.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.has_sent = True
        for start in range(0, len(buffer), _WRITE_SIZE):
            self._stream.write(buffer[start : start + _WRITE_SIZE], self._wire.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._wire.left(timeout))
        return _WireStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextmanager
def open_stream(call: Call, target: httpcore.URL, patience: Patience, wire: Wire) -> Iterator[httpcore.Response]:
    """Send the call on a fresh connection and yield the answer, its body unread. Raises what httpcore raises."""
    context = ssl_context() if target.scheme == b"https" else None
    with (
        httpcore.HTTPConnection(target.origin, ssl_context=context, network_backend=wire) as connection,
        connection.stream(
            call.method, target, headers=call.headers, content=call.body, extensions=patience.extensions()
        ) as response,
    ):
        yield response


def exchange(call: Call, patience: Patience) -> Answer:
    """Send the call and read the answer. Raises BrokenExchangeError when there is none.

    Once a status has come, what breaks later only shortens the body: the status alone may be a verdict.
    """
    target = target_of(call.url)
    if target is None:
        raise BrokenExchangeError(ValueError("not an absolute http or https URL"), has_sent=False)
    wire = Wire(patience.total)
    try:
        with open_stream(call, target, patience, wire) as response:
            return Answer(response.status, header_map(response.headers), _read_body(response))
    except NETWORK_FAILURES as error:
        raise BrokenExchangeError(error, has_sent=wire.has_sent) from None


def _read_body(response: httpcore.Response) -> bytes:
    body = bytearray()
    try:
        for chunk in response.iter_stream():
            body += chunk
            if len(body) >= MAX_ANSWER_BYTES:
                break
    except NETWORK_FAILURES:
        pass
    return bytes(body[:MAX_ANSWER_BYTES])
