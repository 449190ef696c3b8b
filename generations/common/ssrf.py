"""Requests to URLs that users enter, without access to our own network (protection against SSRF).

The host name is resolved once, each of its addresses is checked, and the connection goes to a checked address. A name
that resolves differently a moment later gains nothing. TLS and the Host header still use the name. Redirects, proxies
and kept connections are not used. This module does not import Django, because the local engine uses it too.
"""

import asyncio
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import httpx

# Networks that contain an IPv4 address in translation: NAT64, and IPv4-compatible addresses.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
_CONNECT_SECONDS = 5.0


class HostRejectedError(Exception):
    """The URL, its host or one of its addresses is not allowed. The text says why, and may be shown to its owner."""


class BodyTooLargeError(Exception):
    """The response body is larger than allowed."""


@dataclass(frozen=True)
class AddressPolicy:
    """Which URLs may be requested: https at public addresses.

    `allow_loopback` also allows this machine, and http without TLS. Only local settings use it.
    """

    allow_loopback: bool = False

    def allows(self, address: str) -> bool:
        # An address with a scope, such as fe80::1%eth0, is valid on one network interface only.
        return "%" not in address and (is_public(address) or (self.allow_loopback and _is_loopback(address)))

    async def resolve(self, url: httpx.URL) -> list[str]:
        """Return the addresses of the URL's host. Raises HostRejectedError if a single one of them is not allowed."""
        if url.userinfo or (url.scheme != "https" and not self.allow_loopback):
            raise HostRejectedError("the URL must begin with https:// and contain no user name")
        name, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise HostRejectedError("the host name is unknown") from error
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        if not addresses or not all(map(self.allows, addresses)):
            raise HostRejectedError("the host is not public")
        return addresses


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet. IPv6 addresses that wrap IPv4 count as the latter."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _TRANSLATED):
            return False
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def safe_client(policy: AddressPolicy = AddressPolicy(), *, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """Create a client for one request, which raises HostRejectedError or what httpx raises.

    Only connecting has a time-out. The caller sets a deadline for everything with `asyncio.timeout`, and reads the body
    with `read_body`, which does not decompress it.
    """
    return httpx.AsyncClient(
        transport=_CheckedTransport(policy, tls or public_certificates()),
        timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
        headers={"Accept-Encoding": "identity", "Connection": "close"},
        trust_env=False,
        follow_redirects=False,
    )


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Read the body as it was sent. Raises BodyTooLargeError."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise BodyTooLargeError
    return bytes(body)


@cache
def public_certificates() -> ssl.SSLContext:
    """Load the certificates once per process, because that costs more than a request."""
    return httpx.create_ssl_context(trust_env=False)


class _CheckedTransport(httpx.AsyncBaseTransport):
    """Connect to the first checked address that accepts the connection."""

    def __init__(self, policy: AddressPolicy, tls: ssl.SSLContext) -> None:
        self._policy = policy
        # httpx keeps connections by address, so two names of one address would share a TLS connection.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        *others, last = await self._policy.resolve(request.url)
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._inner.handle_async_request(_request_to(address, request))
        return await self._inner.handle_async_request(_request_to(last, request))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _request_to(address: str, request: httpx.Request) -> httpx.Request:
    """Copy the request for a connection to the address. Its headers contain the Host header with the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )
