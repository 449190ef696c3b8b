"""The one way to bytes behind a stranger's URL: public hosts by https, no redirects, limits on size and time.

Every refusal reads the same to whoever gave the URL, so that nobody learns from here what answers inside our network;
the log has the cause.
"""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterable, Coroutine
from functools import cache
from typing import Any

import httpcore
import structlog

from generations.common.addresses import CheckedBackend, HostRefusedError, Judge
from generations.common.errors import DailiesError
from generations.contract.addresses import is_public
from generations.contract.rules import image_uri_problem
from generations.contract.support import SUPPORT

DEADLINE_SECONDS = 10.0
# Of one process, which has more threads than that: slow hosts may not take them all.
AT_ONCE = 6

_FAILURES = (
    HostRefusedError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,  # TimeoutError is one
    ValueError,
)

log = structlog.get_logger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


class FetchError(DailiesError):
    """The URL gave nothing. The message names every rule, and not the one that was broken."""

    status = 422
    code = "invalid"

    def __init__(self) -> None:
        most = SUPPORT.image.https_url_max_bytes // 1024**2
        super().__init__(
            f"the URL must be https, name a public host, and answer 200, without a redirect, with an image of at most "
            f"{most} MB within {DEADLINE_SECONDS:.0f} seconds; otherwise use an upload"
        )


class TooManyFetchesError(DailiesError):
    """This process is fetching as much as it may. Nothing was done; `retry_after` is in seconds."""

    status = 429
    code = "rate_limited"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many images are being fetched at once. Try again in a moment, or use an upload.")


class Fetcher:
    """Fetches by one rule for addresses, one set of trusted certificates, and a deadline that no drip outlasts."""

    def __init__(
        self, may_connect: Judge = is_public, *, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self._may_connect = may_connect
        self._tls = tls or ssl.create_default_context()
        self._deadline = deadline

    def fetch(self, url: str) -> bytes:
        """Return the body behind the URL. Raises FetchError, and TooManyFetchesError when there is no place free."""
        if image_uri_problem(url):
            raise FetchError
        if not _places.acquire(blocking=False):
            raise TooManyFetchesError
        try:
            return _run(asyncio.wait_for(self._get(url), self._deadline))
        except _FAILURES as error:
            log.info("fetch_refused", error=type(error).__name__, detail=str(error))
            raise FetchError from error
        finally:
            _places.release()

    async def _get(self, url: str) -> bytes:
        headers = [("accept", ", ".join(SUPPORT.image.mime)), ("accept-encoding", "identity")]
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls, network_backend=CheckedBackend(self._may_connect)
            ) as pool,
            pool.stream("GET", url, headers=headers) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            return await _within(response.aiter_stream(), SUPPORT.image.https_url_max_bytes)


@cache
def fetcher() -> Fetcher:
    """This process's, for public hosts and publicly known certificates."""
    return Fetcher()


def _run(work: Coroutine[Any, Any, bytes]) -> bytes:
    """Run it on a loop of its own, which does not wait, as `asyncio.run` would, for a name server that is silent."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _within(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise ValueError(f"more than {limit} bytes")
    return bytes(body)
