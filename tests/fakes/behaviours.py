"""What a scripted request meets instead of a regular answer.

A `Behaviour` is plain data, so that a test in another process can send it over the control routes. Use the
functions below by name; they say what the provider *did* as well as what it answered, because a lost answer to a
submit that was carried out and to one that was not look the same from outside and must end differently.
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
class Behaviour:
    """How one request is met. The default is a regular answer.

    - `is_carried_out`: do what was asked (make the job, keep the bytes) before the answer goes astray
    - `status`, `headers`, `body`: put in place of the regular ones; `amend` merges into the regular JSON body,
      where None removes a field
    - `framing`: how the end of the body is told; `cut_after`: hang up after so many bytes of it
    - `drip_seconds`: pause after each byte of the body (or of the head, with `drips_head`)
    - `ending`: "drop" hangs up without an answer, "reset" does so rudely, "hang" keeps the peer waiting
    - `hold`: wait at this barrier until a test releases it, then go on
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
    ending: Literal["answer", "drop", "reset", "hang"] = "answer"
    hold: str | None = None

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        return plain | {"body": None if self.body is None else base64.b64encode(self.body).decode()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Behaviour":
        body = plain.get("body")
        return cls(**{**plain, "body": None if body is None else base64.b64decode(body)})


REGULAR = Behaviour()


def refuse(
    status: int, error_type: str | None = None, message: str = "Refused by the script.", *, retry_after: object = None
) -> Behaviour:
    """Answer with the contract's envelope and carry nothing out."""
    envelope = {"type": "error", "error": {"type": error_type or REASONS[status], "message": message}}
    headers = {"content-type": "application/json"} | ({} if retry_after is None else {"retry-after": str(retry_after)})
    return Behaviour(is_carried_out=False, status=status, headers=headers, body=json.dumps(envelope).encode())


def respond(status: int, body: bytes, content_type: str = "text/html", *, is_carried_out: bool = False) -> Behaviour:
    """Answer with these bytes, e.g. the error page of a proxy."""
    return Behaviour(is_carried_out=is_carried_out, status=status, headers={"content-type": content_type}, body=body)


def html(status: int = 200, *, is_carried_out: bool = False) -> Behaviour:
    return respond(status, b"<!doctype html><title>Gateway</title>", is_carried_out=is_carried_out)


def bad_json(*, is_carried_out: bool = True) -> Behaviour:
    """A regular status with a body that breaks off in the middle."""
    return Behaviour(is_carried_out=is_carried_out, status=None if is_carried_out else 202, body=b'{"id": "a1')


def amend(**fields: Any) -> Behaviour:
    """The regular answer with these fields merged in; None removes one."""
    return Behaviour(amend=fields)


def missing_id() -> Behaviour:
    return amend(id=None)


def status_word(word: str) -> Behaviour:
    return amend(status=word)


def completed_with(video_url: str | None) -> Behaviour:
    """A completed job with this in place of its video URL; None leaves the URL out."""
    result = {} if video_url is None else {"video_url": video_url}
    return amend(status="completed", completed_at="2026-01-15T10:00:00.000Z", result=result)


def drop(*, is_carried_out: bool = False) -> Behaviour:
    """Take the request, then hang up without a word."""
    return Behaviour(is_carried_out=is_carried_out, ending="drop")


def reset(*, is_carried_out: bool = False) -> Behaviour:
    """As `drop`, with a TCP reset."""
    return Behaviour(is_carried_out=is_carried_out, ending="reset")


def hang(*, is_carried_out: bool = False) -> Behaviour:
    """Take the request, then say nothing until the peer gives up."""
    return Behaviour(is_carried_out=is_carried_out, ending="hang")


def hold(barrier: str, then: Behaviour = REGULAR) -> Behaviour:
    """Carry the request out (if `then` does), and answer once the test has released the barrier."""
    return replace(then, hold=barrier)


def truncated(after: int, framing: Literal["length", "chunked", "close"] = "length") -> Behaviour:
    """Hang up after so many bytes of the body. With `close` nothing on the wire tells that bytes are missing."""
    return Behaviour(cut_after=after, framing=framing)


def chunked() -> Behaviour:
    return Behaviour(framing="chunked")


def unframed() -> Behaviour:
    """A whole body without a length: its end is the end of the connection."""
    return Behaviour(framing="close")


def slow_drip(seconds: float, *, in_head: bool = False) -> Behaviour:
    """One byte each `seconds`, so that no time-out per read ever strikes."""
    return Behaviour(drip_seconds=seconds, drips_head=in_head)


def endless(framing: Literal["chunked", "close"] = "chunked") -> Behaviour:
    """The regular body, and then zeros without end."""
    return Behaviour(framing=framing, is_endless=True)


def zero_bytes() -> Behaviour:
    return Behaviour(body=b"")


def typed(content_type: str) -> Behaviour:
    """The regular body under another Content-Type."""
    return Behaviour(headers={"content-type": content_type})


def gzip_bomb(size: int = 50_000_000) -> Behaviour:
    """A short body that a client which decodes it turns into `size` bytes."""
    return Behaviour(headers={"content-encoding": "gzip"}, body=gzip.compress(b"\0" * size))
