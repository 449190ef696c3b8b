"""The address of the event streams, and which origins may read them from another port."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

_DEFAULT_PORTS = {"http": 80, "https": 443}


class HasSlug(Protocol):
    slug: str


def events_url(request: HttpRequest, team: HasSlug) -> str:
    """Return the URL of the team's stream: under this site, or at EVENTS_PORT of the page's host."""
    return f"{events_origin(request)}/events/{team.slug}"


def events_origin(request: HttpRequest) -> str:
    """Return the origin that `connect-src` must allow besides 'self'; empty when it is the page's own origin."""
    if settings.EVENTS_PORT is None:
        return ""
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}:{settings.EVENTS_PORT}"


def is_allowed_origin(origin: str, host: str) -> bool:
    """Return whether a page of `origin` may read, with its cookies, a stream that was requested under `host`.

    Allowed is the origin of PUBLIC_URL. With EVENTS_PORT, the site is also reachable under other names (127.0.0.1, an
    address in the local network): allowed is then the host name of the request with the scheme and port of
    PUBLIC_URL. Another program on the same machine has another port. It is not allowed, although the browser would
    send it the cookies, because cookies ignore ports.
    """
    page, site = _split(origin), _split(settings.PUBLIC_URL)
    if page is None or site is None:
        return False
    if _normalized(page) == _normalized(site):
        return True
    if settings.EVENTS_PORT is None:
        return False
    stream = _split(f"{page.scheme}://{host}")
    has_same_host = stream is not None and page.hostname == stream.hostname
    return has_same_host and (page.scheme, _port(page)) == (site.scheme, _port(site))


class EventsOriginCspMiddleware:
    """Add the origin of the streams to `connect-src`. Place it after CSPMiddleware, which writes the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if settings.EVENTS_PORT is None:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            update = {**getattr(response, "_csp_update", {})}
            update["connect-src"] = [*update.get("connect-src", []), events_origin(request)]
            response._csp_update = update  # type: ignore[attr-defined]
        return response


def _split(origin: str) -> SplitResult | None:
    try:
        parts = urlsplit(origin)
        is_origin = parts.scheme in _DEFAULT_PORTS and parts.hostname and _port(parts)
    except ValueError:
        return None
    return parts if is_origin else None


def _port(parts: SplitResult) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _normalized(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, _port(parts)
