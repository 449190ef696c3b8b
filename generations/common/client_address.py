"""The address of the client of a request, for the audit log, the rate limits of sign-in, and the logs.

Behind a proxy the address of the connection is the proxy's. Each proxy appends to `X-Forwarded-For` the address that
connected to it; the client may have written anything further left. The client's address is therefore the one that the
outermost of our own proxies appended. TRUSTED_PROXIES is the number of our proxies; with 0 the header is ignored.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

_client_address: ContextVar[str | None] = ContextVar("client_address", default=None)


def client_address(request: HttpRequest) -> str | None:
    """Read the address from the request; None when there is no valid one."""
    proxies: int = settings.TRUSTED_PROXIES
    if not proxies:
        return _valid(request.META.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return _valid(forwarded[-proxies]) if len(forwarded) >= proxies else None


def current_client_address() -> str | None:
    """Return the client's address; None outside of a request, as in a task or a command."""
    return _client_address.get()


class ClientAddressMiddleware:
    """Keep the client's address during the request, and add it to each log line of the request as `ip`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        address = client_address(request)
        # Not unbound afterwards: the line about the end of the request is logged later.
        structlog.contextvars.bind_contextvars(ip=address)
        token = _client_address.set(address)
        try:
            return self.get_response(request)
        finally:
            _client_address.reset(token)


@lru_cache(maxsize=1024)
def _valid(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
