"""Read API requests: the API key and the body."""

import json
from collections.abc import Iterator
from typing import IO, Any, cast

from django.http import HttpRequest, UnreadablePostError
from django.utils import timezone

from generations.accounts.api_keys import SCOPE_RIGHTS, Caller, key_by_secret, note_use
from generations.accounts.roles import Right
from generations.common.errors import ForbiddenError
from generations.contract.support import SUPPORT

from .errors import AuthenticationError, BodyTooLargeError, InvalidRequestError

# Two data URIs, and room for the prompt and for JSON escapes.
MAX_JSON_BYTES = 2 * SUPPORT.image.data_uri_max_encoded_bytes + 1024 * 1024
# A client does not read the response while it is still sending, so a larger body is read and discarded up to here.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
_CHUNK = 256 * 1024


def authenticate(request: HttpRequest) -> Caller:
    """Return the caller that the request's API key belongs to. Raises AuthenticationError."""
    caller = key_by_secret(_secret(request))
    if caller is None:
        raise AuthenticationError
    note_use(caller.key, now=timezone.now())
    return caller


def require_right(caller: Caller, right: Right) -> None:
    """Raise ForbiddenError. The message says whether the key's scopes or its user's role lack the right."""
    if caller.can(right):
        return
    scopes = [scope for scope, rights in SCOPE_RIGHTS.items() if right in rights]
    if set(scopes).isdisjoint(caller.key.scopes):
        raise ForbiddenError(f"This needs a key with the scope {' or '.join(scopes)}.")
    role = caller.membership.get_role_display()
    raise ForbiddenError(f"The key's user ({role}) doesn't have permission in {caller.team}.")


def read_json(request: HttpRequest) -> object:
    """Return the decoded body. May be called again. Raises BodyTooLargeError or InvalidRequestError."""
    if not hasattr(request, "_body"):  # where Django keeps a body that it has read
        request._body = b"".join(capped_chunks(request, MAX_JSON_BYTES))
    try:
        return json.loads(request.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not valid JSON in UTF-8.") from error


def capped_chunks(request: HttpRequest, limit: int) -> Iterator[bytes]:
    """Yield a body of at most `limit` bytes in chunks. Raises BodyTooLargeError or InvalidRequestError."""
    source, received = _source(request), 0
    try:
        while received <= MAX_DISCARDED_BYTES and (chunk := source.read(_CHUNK)):
            received += len(chunk)
            if received <= limit:
                yield chunk
    except (UnreadablePostError, OSError) as error:
        raise InvalidRequestError("Request body is incomplete.") from error
    if received > limit:
        raise BodyTooLargeError(limit)


def _secret(request: HttpRequest) -> str:
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _source(request: HttpRequest) -> IO[bytes]:
    """Return what to read the body from.

    Django's request stops at its Content-Length, so it reads nothing of a chunked body. The server's own input is read
    instead, but only if the server says that this input ends.
    """
    environ: dict[str, Any] = getattr(request, "environ", {})
    if not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"):
        return cast("IO[bytes]", environ["wsgi.input"])
    return cast("IO[bytes]", request)
