"""One HTTP exchange through httpx, with a total deadline and a cap on the response.

A time-out for each read does not stop a server that sends one byte a second, so `asyncio.timeout` covers everything
from the connect to the last byte. The transport of httpx is used without its client, which logs every URL: the URL of
a finished video is a secret.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from generations.common.ssrf import public_certificates

from .errors import Problem
from .retries import parse_retry_after

Headers = Sequence[tuple[bytes, bytes]]

# What a request can raise because of the network or the server. asyncio's TimeoutError is an OSError.
NETWORK_ERRORS = (httpx.TransportError, OSError)
# Raised before the first byte of the request is written.
NEVER_SENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
MAX_RESPONSE_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True)
class Timeouts:
    """Limits in seconds: for the connect and for the TLS handshake, for each read or write, and for all of it.

    `total` is more than twice `connect`, so that the total deadline never ends a request that was not sent yet.
    """

    connect: float
    idle: float
    total: float

    def extensions(self) -> dict[str, dict[str, float | None]]:
        return {"timeout": httpx.Timeout(self.idle, connect=self.connect).as_dict()}


@dataclass(frozen=True)
class Response:
    """A response up to `MAX_RESPONSE_BYTES`. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:100]

    @property
    def retry_after(self) -> float | None:
        return parse_retry_after(self.headers.get("retry-after"), now=datetime.now(UTC))


def new_transport(*, max_connections: int = 1) -> httpx.AsyncHTTPTransport:
    """Create a transport with a pool of its own. It ignores proxies in the environment and follows no redirects."""
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return httpx.AsyncHTTPTransport(verify=public_certificates(), trust_env=False, limits=limits)


def parse_url(url: str) -> httpx.URL | None:
    """Parse an absolute http or https URL without a user name. None for anything else."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    return parsed if parsed.scheme in ("http", "https") and parsed.host and not parsed.userinfo else None


def build_request(
    method: str, url: httpx.URL, headers: Headers, timeouts: Timeouts, body: bytes | None = None
) -> httpx.Request:
    if body is None:
        return httpx.Request(method, url, headers=headers, extensions=timeouts.extensions())
    length = (b"content-length", str(len(body)).encode())
    return httpx.Request(
        method, url, headers=[*headers, length], content=_pieces(body), extensions=timeouts.extensions()
    )


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """Split the body, because httpx applies the write time-out to each piece."""
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]


async def exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request, total: float) -> Response:
    """Send the request and read the response within `total` seconds. Raises one of NETWORK_ERRORS without a response.

    After the status line an error only shortens the body, because the status alone may decide.
    """
    response, body = None, bytearray()
    try:
        async with asyncio.timeout(total):
            response = await transport.handle_async_request(request)
            async with aclosing(response):
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) >= MAX_RESPONSE_BYTES:
                        break
    except NETWORK_ERRORS:
        if response is None:
            raise
    return Response(response.status_code, response.headers, bytes(body[:MAX_RESPONSE_BYTES]))


def describe_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def problem_of(error: Exception) -> Problem:
    if isinstance(error, NEVER_SENT_ERRORS):
        return Problem.UNREACHABLE
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return Problem.TIMED_OUT
    return Problem.CUT_OFF
