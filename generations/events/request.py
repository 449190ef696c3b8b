"""What a request for a stream says, and the headers that its answer bears."""

from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie

from .address import may_read
from .feed import Position, parse_position
from .server import Scope

Header = tuple[bytes, bytes]

ALWAYS: list[Header] = [
    (b"vary", b"Origin, Cookie"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Request:
    def __init__(self, scope: Scope) -> None:
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._query = parse_qs(scope["query_string"].decode("latin-1"))
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.session_key = parse_cookie(self._headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")

    @property
    def last_seen(self) -> Position | None:
        return parse_position(self._headers.get("last-event-id") or self._query.get("after", [""])[0])

    @property
    def is_foreign(self) -> bool:
        origin = self._headers.get("origin")
        return origin is not None and not may_read(origin, self._headers.get("host", ""))

    def cors_headers(self) -> list[Header]:
        headers = list(ALWAYS)
        if "origin" in self._headers and not self.is_foreign:
            headers.append((b"access-control-allow-origin", self._headers["origin"].encode("latin-1")))
            headers.append((b"access-control-allow-credentials", b"true"))
        return headers

    def stream_headers(self) -> list[Header]:
        return [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"), *self.cors_headers()]
