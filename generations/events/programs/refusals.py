"""Answers to requests that get no stream: problems (RFC 9457), in the words of the rest of the management API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..answering import answer_json
from ..request import Header
from ..server import Send

if TYPE_CHECKING:
    from .request import ProgramRequest

PATH = "/api/v1/events"
ALLOWED = "GET, OPTIONS"


@dataclass(frozen=True)
class Kind:
    status: int
    code: str
    title: str
    header: Header | None = None


UNAUTHENTICATED = Kind(401, "unauthenticated", "A valid key is needed", (b"www-authenticate", b"Bearer"))
FORBIDDEN = Kind(403, "forbidden", "The key does not allow this")
NOT_FOUND = Kind(404, "not_found", "There is nothing here")
NOT_ALLOWED = Kind(405, "method_not_allowed", "This address has no such method", (b"allow", ALLOWED.encode()))
INVALID = Kind(422, "invalid", "Something in the request does not fit")
RATE_LIMITED = Kind(429, "rate_limited", "Too many requests", (b"retry-after", b"5"))
UNAVAILABLE = Kind(503, "unavailable", "Not at present", (b"retry-after", b"5"))


class RefusedError(Exception):
    """The request gets no stream; `detail` says what to change."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail or f"{kind.title}."


def check_address(request: "ProgramRequest") -> None:
    """Raise RefusedError for another address or method."""
    if request.path != PATH:
        raise RefusedError(NOT_FOUND)
    if request.method != "GET":
        raise RefusedError(NOT_ALLOWED, f"Allowed here: {ALLOWED}.")


async def refuse(send: Send, request: "ProgramRequest", error: RefusedError) -> None:
    kind = error.kind
    body = {
        "type": f"/api/v1/docs#{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail,
        "code": kind.code,
    }
    headers = [*request.headers(), *([kind.header] if kind.header else [])]
    await answer_json(send, headers, kind.status, body, "application/problem+json")
