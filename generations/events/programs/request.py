"""What a program says when it asks for the event stream, and the headers of the answers."""

import secrets
from urllib.parse import parse_qs

from django.conf import settings

from ..catalogue import PUBLIC_KINDS
from ..feed import Position, parse_position
from ..order import LARGEST
from ..request import Header
from ..server import Scope
from .refusals import INVALID, PATH, RefusedError

PARAMETERS = {"after", "kinds", "ticket"}


class ProgramRequest:
    def __init__(self, scope: Scope) -> None:
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.method: str = scope["method"]
        self.path: str = scope["path"].rstrip("/")
        self.request_id = secrets.token_hex(16)

    @property
    def is_preflight(self) -> bool:
        return self.method == "OPTIONS" and self.path == PATH

    @property
    def secret(self) -> str:
        scheme, _, secret = self._headers.get("authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    @property
    def ticket(self) -> str:
        return str(self._query.get("ticket", [""])[0])

    def after(self) -> Position | None:
        """Where the client goes on, or None from now on. Raises RefusedError."""
        given = self._headers.get("last-event-id") or self._query.get("after", [""])[0]
        position = parse_position(given)
        if given and (position is None or max(position) > LARGEST):
            raise RefusedError(INVALID, "Last-Event-ID, or after, is an id of this stream, such as 1201-88.")
        return position

    def kinds(self) -> list[str]:
        """The kinds asked for; none means all. Raises RefusedError."""
        if unknown := self._query.keys() - PARAMETERS:
            raise RefusedError(INVALID, f"There is no parameter {min(unknown)[:60]!r}; there are after and kinds.")
        given = self._query.get("kinds", [])
        if wrong := [name for name in given if name not in PUBLIC_KINDS]:
            raise RefusedError(INVALID, f"There are no events of the kind {wrong[0][:60]!r}.")
        return given

    def headers(self) -> list[Header]:
        always = [
            (b"x-request-id", self.request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Accept, Authorization, Origin"),
        ]
        origin = self._headers.get("origin", "")
        if origin and (settings.CORS_ALLOW_ALL_ORIGINS or origin in settings.CORS_ALLOWED_ORIGINS):
            always.append((b"access-control-allow-origin", origin.encode("latin-1")))
            always.append((b"access-control-allow-headers", b"authorization, last-event-id"))
        return always
