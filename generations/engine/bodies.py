"""Read request bodies from strangers: never more than a limit in memory, never a half-read connection."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request

from generations.contract.errors import INVALID_REQUEST, REQUEST_TOO_LARGE
from generations.contract.support import SUPPORT

from .errors import RefusedError

# Two data URIs, and room for the prompt and for JSON's escapes.
MAX_JSON_BYTES = 2 * SUPPORT.image.data_uri_max_encoded_bytes + 1024 * 1024
# A client that is still sending does not see an answer, so what is too large is read on, up to here.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024


async def read_json(request: Request) -> object:
    """Return the decoded body. Raises RefusedError for what is too large or not JSON."""
    body = b"".join([chunk async for chunk in capped_stream(request, MAX_JSON_BYTES)])
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(INVALID_REQUEST, "the body is not valid JSON") from error


async def capped_stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the chunks of a body of at most `limit` bytes. Raises RefusedError (413) for more."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen <= limit:
            yield chunk
        elif seen > MAX_DISCARDED_BYTES:
            break
    if seen > limit:
        raise RefusedError(REQUEST_TOO_LARGE, f"the body may have at most {limit:,} bytes")
