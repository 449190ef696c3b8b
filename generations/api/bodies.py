"""Read request bodies from strangers: never more than a limit in memory, never half of what is on the way."""

import json
from collections.abc import Iterator
from typing import IO, Any, cast

from django.http import HttpRequest, UnreadablePostError

from generations.contract.support import SUPPORT

from .errors import BodyTooLargeError, InvalidRequestError

# Two data URIs, and room for the prompt and for JSON's escapes.
MAX_JSON_BYTES = 2 * SUPPORT.image.data_uri_max_encoded_bytes + 1024 * 1024
# A client that is still sending does not see an answer, so what is too large is read on, up to here.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
_CHUNK = 256 * 1024


def read_json(request: HttpRequest) -> object:
    """Return the decoded body, as often as it is asked for. Raises BodyTooLargeError or InvalidRequestError."""
    if not hasattr(request, "_body"):  # where the framework keeps what it has read
        request._body = b"".join(capped_chunks(request, MAX_JSON_BYTES))
    try:
        return json.loads(request.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not valid JSON in UTF-8.") from error


def capped_chunks(request: HttpRequest, limit: int) -> Iterator[bytes]:
    """Yield a body of at most `limit` bytes in chunks. Raises BodyTooLargeError."""
    source, seen = _source(request), 0
    try:
        while seen <= MAX_DISCARDED_BYTES and (chunk := source.read(_CHUNK)):
            seen += len(chunk)
            if seen <= limit:
                yield chunk
    except (UnreadablePostError, OSError) as error:
        raise InvalidRequestError("Request body is incomplete.") from error
    if seen > limit:
        raise BodyTooLargeError(limit)


def _source(request: HttpRequest) -> IO[bytes]:
    """The request itself, which stops at its Content-Length; Django takes a body sent in chunks, without one, for none.

    Only a server that says that its input ends by itself is read to the end.
    """
    environ: dict[str, Any] = getattr(request, "environ", {})
    if not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"):
        return cast("IO[bytes]", environ["wsgi.input"])
    return cast("IO[bytes]", request)
