"""One POST to a stranger's address. Knows nothing of the database.

Connects to checked addresses only, follows no redirects, reads 64 kB of the answer at most, and has one deadline for
all of it, so that a receiver which answers a byte at a time gets no more time than one that answers none.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import httpcore

from generations.common.addresses import CheckedBackend, HostRefusedError, Judge

DEADLINE_SECONDS = 15.0
MOST_BYTES = 64 * 1024
KEPT_CHARACTERS = 500
HEADERS = (
    ("Content-Type", "application/json"),
    ("User-Agent", "Dailies-Webhooks/1"),
    ("Accept-Encoding", "identity"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a try. `status` is None when there was no answer, and `error` then says why."""

    status: int | None
    error: str
    answer: str
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


async def post(url: str, body: bytes, headers: Mapping[str, str], *, may_connect: Judge, deadline: float) -> Outcome:
    """Send the body once. Nothing that the receiver does raises."""
    began = time.monotonic()
    status, error, answer = None, "", ""
    try:
        async with asyncio.timeout(deadline):
            status, answer = await _exchange(url, body, headers, may_connect)
    except TimeoutError:
        error = f"No whole answer within {deadline:.0f} seconds."
    except HostRefusedError as refusal:
        error = f"Not sent: {refusal}."
    except ssl.SSLError as failure:
        error = f"The certificate was not accepted: {failure.reason or 'handshake failed'}."
    except (httpcore.ConnectError, httpcore.ConnectTimeout, OSError) as failure:
        error = f"No connection ({type(failure).__name__})."
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ValueError) as failure:
        error = f"The connection broke off ({type(failure).__name__})."
    return Outcome(status, _plain(error), answer, int((time.monotonic() - began) * 1000))


async def _exchange(url: str, body: bytes, headers: Mapping[str, str], may_connect: Judge) -> tuple[int, str]:
    target = httpcore.URL(url)
    connection = httpcore.AsyncHTTPConnection(
        origin=target.origin, ssl_context=_tls(), network_backend=CheckedBackend(may_connect)
    )
    own = {"Host": _host(target), "Content-Length": str(len(body)), "Connection": "close"}
    request = httpcore.Request("POST", target, headers=[*own.items(), *HEADERS, *headers.items()], content=body)
    try:
        response = await connection.handle_async_request(request)
        return response.status, await _beginning(response)
    finally:
        with suppress(httpcore.NetworkError, OSError):
            await connection.aclose()


async def _beginning(response: httpcore.Response) -> str:
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= MOST_BYTES:
            break
    return _plain(read[: 4 * KEPT_CHARACTERS].decode("utf-8", errors="replace"))[:KEPT_CHARACTERS]


def _host(target: httpcore.URL) -> str:
    name = target.host.decode("ascii")
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{target.port}" if target.port else name


def _plain(text: str) -> str:
    return text.replace("\x00", "")


@cache
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()
