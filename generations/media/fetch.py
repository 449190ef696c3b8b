"""Fetch an image from a URL that a user entered: public hosts by https, no redirects, limits on size and time.

All errors have the same message, so that nobody can explore our network with this. The log has the cause.
"""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

import httpx
import structlog

from generations.common.errors import DailiesError
from generations.common.ssrf import AddressPolicy, BodyTooLargeError, HostRejectedError, read_body, safe_client
from generations.contract.rules import image_uri_problem
from generations.contract.support import SUPPORT

DEADLINE_SECONDS = 10.0
# Per process. It is less than the number of threads, so that slow hosts cannot occupy all of them.
MAX_CONCURRENT = 6
# asyncio's TimeoutError is an OSError.
_ERRORS = (HostRejectedError, BodyTooLargeError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)

log = structlog.get_logger(__name__)
_slots = threading.BoundedSemaphore(MAX_CONCURRENT)


class FetchError(DailiesError):
    """The URL cannot be fetched. The message lists all rules, but not the one that was broken."""

    status = 422
    code = "invalid"

    def __init__(self) -> None:
        max_megabytes = SUPPORT.image.https_url_max_bytes // 1024**2
        super().__init__(
            f"the URL must be https, name a public host, and return status 200, without a redirect, with an image of "
            f"at most {max_megabytes} MB within {DEADLINE_SECONDS:.0f} seconds; otherwise use an upload"
        )


class TooManyFetchesError(DailiesError):
    """This process has MAX_CONCURRENT fetches in progress. Nothing was done; `retry_after` is in seconds."""

    status = 429
    code = "rate_limited"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many images are being fetched at once. Try again in a moment, or use an upload.")


def fetch_image(
    url: str,
    *,
    policy: AddressPolicy = AddressPolicy(),  # noqa: B008 - it is immutable
    tls: ssl.SSLContext | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> bytes:
    """Return the body of the response. Raises FetchError, or TooManyFetchesError if no slot is free."""
    if image_uri_problem(url):
        raise FetchError
    if not _slots.acquire(blocking=False):
        raise TooManyFetchesError
    try:
        return _run(_get(url, policy, tls, deadline_seconds))
    except _ERRORS as error:
        log.info("fetch_rejected", error=type(error).__name__, detail=str(error))
        raise FetchError from error
    finally:
        _slots.release()


async def _get(url: str, policy: AddressPolicy, tls: ssl.SSLContext | None, deadline_seconds: float) -> bytes:
    headers = {"Accept": ", ".join(SUPPORT.image.mime)}
    async with (
        asyncio.timeout(deadline_seconds),
        safe_client(policy, tls=tls) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        if response.status_code != 200:
            raise ValueError(f"HTTP {response.status_code}")
        return await read_body(response, SUPPORT.image.https_url_max_bytes)


def _run(coroutine: Coroutine[Any, Any, bytes]) -> bytes:
    """Run it in an event loop that, unlike `asyncio.run`, does not wait for a name server that does not respond."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
