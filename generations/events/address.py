"""Where a page finds its live events, and which pages may read them from another port."""

from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http import HttpRequest

_DEFAULT_PORTS = {"http": 80, "https": 443}


class HasSlug(Protocol):
    slug: str


def events_url(request: HttpRequest, team: HasSlug) -> str:
    """The address of the team's stream: under this site, or at EVENTS_PORT of the host that the page came from."""
    return f"{events_origin(request)}/events/{team.slug}"


def events_origin(request: HttpRequest) -> str:
    """What `connect-src` must allow besides 'self'; empty when the stream has the page's own origin."""
    if settings.EVENTS_PORT is None:
        return ""
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}:{settings.EVENTS_PORT}"


def may_read(origin: str, host: str) -> bool:
    """Whether a page of `origin` may read, with its cookies, a stream that was asked for under `host`.

    The studio's own origin may, that is PUBLIC_URL. With a port of its own the stream also serves the studio under
    its other names (127.0.0.1, an address in the local network): same host name as the stream's, but scheme and
    port of PUBLIC_URL. Any other program on the same machine has another port, and is refused although the
    browser would send it the cookies, which know no ports.
    """
    page, studio = _split(origin), _split(settings.PUBLIC_URL)
    if page is None or studio is None:
        return False
    if _place(page) == _place(studio):
        return True
    if settings.EVENTS_PORT is None:
        return False
    stream = _split(f"{page.scheme}://{host}")
    has_same_host = stream is not None and page.hostname == stream.hostname
    return has_same_host and (page.scheme, _port(page)) == (studio.scheme, _port(studio))


def _split(origin: str) -> SplitResult | None:
    try:
        parts = urlsplit(origin)
        is_origin = parts.scheme in _DEFAULT_PORTS and parts.hostname and _port(parts)
    except ValueError:
        return None
    return parts if is_origin else None


def _port(parts: SplitResult) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, _port(parts)
