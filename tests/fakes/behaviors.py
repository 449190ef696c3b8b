"""What the provider does with a request instead of sending a regular response.

A `Behavior` is plain data, so that a test in another process can send it over the control routes. Use the functions
below. They set both what the provider *does* and what it responds: when the response to a submit is lost, the client
cannot see whether the job was created, and the two cases must end differently.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

REASONS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_funds_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    422: "content_filtered_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "service_unavailable_error",
    504: "api_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """How the provider handles one request. The default is a regular response.

    - `is_carried_out`: execute the request (create the job, store the bytes), whatever the response is
    - `status`, `headers`, `body`: replace the regular ones; `amend` merges into the regular JSON body,
      where None removes a field
    - `framing`: how the end of the body is marked; `cut_after`: close the connection after so many bytes of it
    - `drip_seconds`: pause after each byte of the body (or of the head, with `drips_head`)
    - `ending`: "drop" closes the connection without a response, "reset" sends a TCP reset, "hang" never responds
    - `pause_at`: wait at this barrier until a test releases it, then continue
    """

    is_carried_out: bool = True
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    amend: Mapping[str, Any] | None = None
    framing: Literal["length", "chunked", "close"] = "length"
    cut_after: int | None = None
    drip_seconds: float = 0
    drips_head: bool = False
    is_endless: bool = False
    ending: Literal["respond", "drop", "reset", "hang"] = "respond"
    pause_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        return plain | {"body": None if self.body is None else base64.b64encode(self.body).decode()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Behavior":
        body = plain.get("body")
        return cls(**{**plain, "body": None if body is None else base64.b64decode(body)})


REGULAR = Behavior()


def refuse(
    status: int, error_type: str | None = None, message: str = "Refused by the script.", *, retry_after: object = None
) -> Behavior:
    """Respond with the error envelope of the contract and do not execute the request."""
    envelope = {"type": "error", "error": {"type": error_type or REASONS[status], "message": message}}
    headers = {"content-type": "application/json"} | ({} if retry_after is None else {"retry-after": str(retry_after)})
    return Behavior(is_carried_out=False, status=status, headers=headers, body=json.dumps(envelope).encode())


def respond(status: int, body: bytes, content_type: str = "text/html", *, is_carried_out: bool = False) -> Behavior:
    """Respond with these bytes, e.g. the error page of a proxy."""
    return Behavior(is_carried_out=is_carried_out, status=status, headers={"content-type": content_type}, body=body)


def html(status: int = 200, *, is_carried_out: bool = False) -> Behavior:
    return respond(status, b"<!doctype html><title>Gateway</title>", is_carried_out=is_carried_out)


def bad_json(*, is_carried_out: bool = True) -> Behavior:
    """A regular status with an incomplete JSON body."""
    return Behavior(is_carried_out=is_carried_out, status=None if is_carried_out else 202, body=b'{"id": "a1')


def amend(**fields: Any) -> Behavior:
    """The regular response with these fields merged in. None removes a field."""
    return Behavior(amend=fields)


def missing_id() -> Behavior:
    return amend(id=None)


def status_word(word: str) -> Behavior:
    return amend(status=word)


def completed_with(video_url: str | None) -> Behavior:
    """A completed job with this in place of its video URL; None leaves the URL out."""
    result = {} if video_url is None else {"video_url": video_url}
    return amend(status="completed", completed_at="2026-01-15T10:00:00.000Z", result=result)


def drop(*, is_carried_out: bool = False) -> Behavior:
    """Read the request, then close the connection without a response."""
    return Behavior(is_carried_out=is_carried_out, ending="drop")


def reset(*, is_carried_out: bool = False) -> Behavior:
    """Like `drop`, with a TCP reset."""
    return Behavior(is_carried_out=is_carried_out, ending="reset")


def hang(*, is_carried_out: bool = False) -> Behavior:
    """Read the request, then wait until the client closes the connection."""
    return Behavior(is_carried_out=is_carried_out, ending="hang")


def pause_at(barrier: str, then: Behavior = REGULAR) -> Behavior:
    """Execute the request (if `then` does), and respond after the test has released the barrier."""
    return replace(then, pause_at=barrier)


def truncated(after: int, framing: Literal["length", "chunked", "close"] = "length") -> Behavior:
    """Close the connection after so many bytes of the body. With `close` the client cannot notice it."""
    return Behavior(cut_after=after, framing=framing)


def chunked() -> Behavior:
    return Behavior(framing="chunked")


def unframed() -> Behavior:
    """A complete body without a length: it ends when the connection closes."""
    return Behavior(framing="close")


def slow_drip(seconds: float, *, in_head: bool = False) -> Behavior:
    """Send one byte every `seconds`, so that no timeout for a single read expires."""
    return Behavior(drip_seconds=seconds, drips_head=in_head)


def endless(framing: Literal["chunked", "close"] = "chunked") -> Behavior:
    """The regular body, followed by zeros without end."""
    return Behavior(framing=framing, is_endless=True)


def zero_bytes() -> Behavior:
    return Behavior(body=b"")


def typed(content_type: str) -> Behavior:
    """The regular body with another Content-Type."""
    return Behavior(headers={"content-type": content_type})


def gzip_bomb(size: int = 50_000_000) -> Behavior:
    """A short compressed body that decodes to `size` bytes."""
    return Behavior(headers={"content-encoding": "gzip"}, body=gzip.compress(b"\0" * size))
