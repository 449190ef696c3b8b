"""JSON responses of the contract's routes, and its error envelope."""

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from pydantic import BaseModel

from generations.common.errors import DailiesError
from generations.contract.errors import (
    API,
    CONCURRENCY_LIMIT,
    INSUFFICIENT_FUNDS,
    INVALID_REQUEST,
    NOT_FOUND,
    PERMISSION,
    REQUEST_TOO_LARGE,
    SERVICE_UNAVAILABLE,
    ErrorKind,
    envelope,
)
from generations.contract.schemas import Timestamp
from generations.credits.errors import OutOfCreditsError, Shortage

from ..errors import ApiError

RETRY_SECONDS = 30

# Errors of Django and of the database driver.
FRAMEWORK_KINDS: dict[type[Exception], ErrorKind] = {
    Http404: NOT_FOUND,
    RequestDataTooBig: REQUEST_TOO_LARGE,
    SuspiciousOperation: INVALID_REQUEST,
    BadRequest: INVALID_REQUEST,
    OperationalError: SERVICE_UNAVAILABLE,
    InterfaceError: SERVICE_UNAVAILABLE,
}
MESSAGES: dict[ErrorKind, str] = {
    NOT_FOUND: "Resource not found.",
    REQUEST_TOO_LARGE: "Request body too large.",
    INVALID_REQUEST: "The request could not be parsed. Send UTF-8 JSON over HTTPS.",
    SERVICE_UNAVAILABLE: "Service temporarily unavailable. Retry later.",
    API: "Internal error. Retry, and quote this request id to your administrator.",
}
# The contract keeps 422 for moderation: what else would be 409 or 422 is an invalid request.
_KIND_BY_STATUS = {
    kind.status: kind for kind in (INSUFFICIENT_FUNDS, PERMISSION, NOT_FOUND, CONCURRENCY_LIMIT, SERVICE_UNAVAILABLE)
}


class ShortageFields(BaseModel):
    """The additional fields of a 402, in credits. `limit` names the limit that was exceeded: the wallet or a quota."""

    required: int
    available: int
    held: int
    limit: str
    resets_at: Timestamp | None

    @classmethod
    def of(cls, shortage: Shortage) -> "ShortageFields":
        return cls(**{name: getattr(shortage, name) for name in cls.model_fields})


def json_response(body: BaseModel, *, status: int = 200) -> HttpResponse:
    return HttpResponse(body.model_dump_json(), status=status, content_type="application/json")


def error_response(
    kind: ErrorKind,
    message: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JsonResponse:
    """Return an error in the envelope. `members` are added to `type` and `message`."""
    body = envelope(kind, message).model_dump()
    body["error"].update(members)
    return JsonResponse(body, status=status or kind.status, headers=headers)


def response_of(error: Exception) -> JsonResponse:
    """Render any exception. One that is neither ours nor the framework's is an internal error."""
    if isinstance(error, ApiError):
        return error_response(error.kind, error.message, status=error.status, headers=error.headers)
    kind = kind_of(error)
    message = error.message if isinstance(error, DailiesError) else MESSAGES[kind]
    return error_response(kind, message, headers=_headers(kind, error), **_members(error))


def kind_of(error: Exception) -> ErrorKind:
    if isinstance(error, ApiError):
        return error.kind
    if isinstance(error, DailiesError):
        return _KIND_BY_STATUS.get(error.status, INVALID_REQUEST)
    return next((kind for cls, kind in FRAMEWORK_KINDS.items() if isinstance(error, cls)), API)


def _headers(kind: ErrorKind, error: Exception) -> dict[str, str]:
    wait = getattr(error, "retry_after", RETRY_SECONDS if kind.can_retry and kind is not API else None)
    return {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}


def _members(error: Exception) -> dict[str, Any]:
    return ShortageFields.of(error.shortage).model_dump() if isinstance(error, OutOfCreditsError) else {}
