"""From where the present request comes, for the audit trail: set once at the door, read where an event is stored.

Behind a proxy the connection's address is the proxy's own. Each proxy adds, at the end of `X-Forwarded-For`, the
address that it was reached from; everything further left may have been written by the client. So the address is the
one that the outermost of our own proxies added: TRUSTED_PROXIES says how many there are, and with none the header is
not looked at.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

_address: ContextVar[str | None] = ContextVar("address", default=None)


def current_address() -> str | None:
    """The client's address; None outside of a request, as in a task or a command."""
    return _address.get()


def client_address(request: HttpRequest, *, proxies: int) -> str | None:
    """Read the address; None when there is none that makes sense."""
    if not proxies:
        return _valid(request.META.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return _valid(forwarded[-proxies]) if len(forwarded) >= proxies else None


class OriginMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _address.set(client_address(request, proxies=settings.TRUSTED_PROXIES))
        try:
            return self.get_response(request)
        finally:
            _address.reset(token)


@lru_cache(maxsize=1024)
def _valid(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
