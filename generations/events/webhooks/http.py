"""The URL of a webhook endpoint, and one POST to it. Uses no database.

The POST goes to checked addresses only and follows no redirects. It has one deadline for everything, so that a receiver
that sends one byte at a time gets no more time than one that sends nothing.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from django.conf import settings

from generations.common.errors import DailiesError
from generations.common.ssrf import AddressPolicy, HostRejectedError, safe_client

MAX_URL_CHARACTERS = 500
MAX_RESPONSE_BYTES = 64 * 1024
STORED_CHARACTERS = 500
HEADERS = {"Content-Type": "application/json", "User-Agent": "Dailies-Webhooks/1"}
_TLS_REASON = re.compile(r"\[SSL: (\w+)\]")


class BadEndpointError(DailiesError):
    """The URL or an event type is not valid; `field` says which."""

    status = 422
    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Outcome:
    """The result of one attempt. `status` is None if there was no response, and `error` then says why."""

    status: int | None
    error: str
    response: str
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


def address_policy() -> AddressPolicy:
    return AddressPolicy(allow_loopback=settings.WEBHOOKS_TO_LOOPBACK)


def checked_url(url: str) -> str:
    """Return the URL in its normal form. Raises BadEndpointError. The host is only resolved when something is sent."""
    try:
        target = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise BadEndpointError("url", "Enter a valid https:// URL.") from error
    if target.scheme != "https" and not (settings.WEBHOOKS_TO_LOOPBACK and target.scheme == "http"):
        raise BadEndpointError("url", "The URL must begin with https://.")
    if not target.host or target.port == 0:
        raise BadEndpointError("url", "The URL needs a host name and a valid port.")
    if target.userinfo or target.fragment:
        raise BadEndpointError("url", "The URL must not contain a user name or a fragment (#…).")
    if len(str(target)) > MAX_URL_CHARACTERS:
        raise BadEndpointError("url", f"The URL can have at most {MAX_URL_CHARACTERS} characters.")
    return str(target)


def host_of(url: str) -> str:
    """Return the part of the URL that may be shown to many: the rest may contain a secret of its receiver."""
    return httpx.URL(url).host


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, policy: AddressPolicy, deadline_seconds: float
) -> Outcome:
    """Send the body once. Errors are returned, not raised."""
    started = time.monotonic()
    status, error, text = None, "", ""
    try:
        async with asyncio.timeout(deadline_seconds):
            status, text = await _send(url, body, headers, policy)
    except TimeoutError:
        error = f"No complete response within {deadline_seconds:.0f} seconds."
    except HostRejectedError as rejection:
        error = f"Not sent: {rejection}."
    except (httpx.ConnectError, httpx.ConnectTimeout) as failure:
        error = _connect_error(failure)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failure:
        error = f"The connection was closed early ({type(failure).__name__})."
    return Outcome(status, _without_nul(error), text, int((time.monotonic() - started) * 1000))


async def _send(url: str, body: bytes, headers: Mapping[str, str], policy: AddressPolicy) -> tuple[int, str]:
    async with (
        safe_client(policy) as client,
        client.stream("POST", url, content=body, headers={**HEADERS, **headers}) as response,
    ):
        return response.status_code, await _start_of_body(response)


async def _start_of_body(response: httpx.Response) -> str:
    read = bytearray()
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= MAX_RESPONSE_BYTES:
            break
    return _without_nul(read[: 4 * STORED_CHARACTERS].decode("utf-8", errors="replace"))[:STORED_CHARACTERS]


def _connect_error(error: httpx.TransportError) -> str:
    if tls_reason := _TLS_REASON.search(str(error)):
        return f"The certificate was not accepted: {tls_reason[1]}."
    return f"No connection ({type(error).__name__})."


def _without_nul(text: str) -> str:
    return text.replace("\x00", "")
