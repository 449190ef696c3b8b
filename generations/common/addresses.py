"""Connect to a stranger's host at the very address that was checked.

The name is resolved once, each of its addresses is judged, and the connection goes to one of those; a name that
changes its mind between check and use gains nothing. TLS and the Host header still speak of the name.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable

import httpcore
from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

Judge = Callable[[str], bool]
"""Tells whether an address, as text, may be connected to."""


class HostRefusedError(Exception):
    """The host is unknown, or has an address that may not be connected to. The text says which, for its owner."""


class CheckedBackend(AsyncNetworkBackend):
    """A network backend for httpcore that connects to judged addresses only."""

    def __init__(self, may_connect: Judge) -> None:
        self._may_connect = may_connect
        self._backend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Raises HostRefusedError, or httpcore.ConnectError when none of the addresses answers."""
        addresses = await resolve(host, port, may_connect=self._may_connect)
        for address in addresses[:-1]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


async def resolve(host: str, port: int, *, may_connect: Judge) -> list[str]:
    """Return the addresses of a host. One that may not be connected to is enough to refuse it: HostRefusedError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostRefusedError("the host name is not known here") from error
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    # A scoped address, fe80::1%eth0, is nobody's but the neighbours'.
    if not addresses or not all("%" not in address and may_connect(address) for address in addresses):
        raise HostRefusedError("the host is not a public one")
    return addresses
