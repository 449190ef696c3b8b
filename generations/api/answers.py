"""Every answer of the contract's routes, and every error in its envelope, translated once by class."""

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from pydantic import BaseModel

from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.contract.errors import (
    API,
    CONCURRENCY_LIMIT,
    INSUFFICIENT_FUNDS,
    INVALID_REQUEST,
    NOT_FOUND,
    PERMISSION,
    RATE_LIMIT,
    REQUEST_TOO_LARGE,
    SERVICE_UNAVAILABLE,
    ErrorKind,
    envelope,
)
from generations.contract.schemas import Timestamp
from generations.credits.errors import FrozenError, OutOfCreditsError, Shortage, TooManyJobsError
from generations.media.fetch import TooManyFetchesError
from generations.media.storage_errors import StorageError

from .errors import RefusedError
from .limits import RateLimitedError

RETRY_SECONDS = 30

KIND_OF: dict[type[Exception], ErrorKind] = {
    NotFoundError: NOT_FOUND,
    ForbiddenError: PERMISSION,
    OutOfCreditsError: INSUFFICIENT_FUNDS,
    RateLimitedError: RATE_LIMIT,
    TooManyFetchesError: CONCURRENCY_LIMIT,
    TooManyJobsError: CONCURRENCY_LIMIT,
    FrozenError: SERVICE_UNAVAILABLE,
    StorageError: SERVICE_UNAVAILABLE,
    DailiesError: INVALID_REQUEST,
    # The framework's own.
    Http404: NOT_FOUND,
    RequestDataTooBig: REQUEST_TOO_LARGE,
    SuspiciousOperation: INVALID_REQUEST,
    BadRequest: INVALID_REQUEST,
    OperationalError: SERVICE_UNAVAILABLE,
    InterfaceError: SERVICE_UNAVAILABLE,
}
WORDS: dict[ErrorKind, str] = {
    NOT_FOUND: "There is nothing here.",
    REQUEST_TOO_LARGE: "The body is too large.",
    INVALID_REQUEST: "The request cannot be read. Send JSON in UTF-8, by https where the studio has it.",
    SERVICE_UNAVAILABLE: "Not at present. Try again in a while.",
    API: "Something went wrong here. Try again; the log has the cause under this request id.",
}


class Funds(BaseModel):
    """What stands beside `type` and `message` in a 402, in credits. `limit` says whose: the wallet's or a quota's."""

    required: int
    available: int
    held: int
    limit: str
    resets_at: Timestamp | None

    @classmethod
    def of(cls, shortage: Shortage) -> "Funds":
        return cls(**{name: getattr(shortage, name) for name in cls.model_fields})


def json_answer(body: BaseModel, *, status: int = 200) -> HttpResponse:
    return HttpResponse(body.model_dump_json(), status=status, content_type="application/json")


def error_answer(
    kind: ErrorKind,
    message: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JsonResponse:
    """Answer in the envelope. `members` stand in it beside `type` and `message`."""
    body = envelope(kind, message).model_dump()
    body["error"].update(members)
    return JsonResponse(body, status=status or kind.status, headers=headers)


def answer_of(error: Exception) -> JsonResponse:
    """Translate whatever was raised. What stands in no table is our fault."""
    if isinstance(error, RefusedError):
        return error_answer(error.kind, error.message, status=error.status, headers=error.headers)
    kind = kind_of(error)
    message = error.message if isinstance(error, DailiesError) else WORDS[kind]
    return error_answer(kind, message, headers=_headers(kind, error), **_members(error))


def kind_of(error: Exception) -> ErrorKind:
    return next((KIND_OF[cls] for cls in type(error).__mro__ if cls in KIND_OF), API)


def _headers(kind: ErrorKind, error: Exception) -> dict[str, str]:
    wait = getattr(error, "retry_after", RETRY_SECONDS if kind.can_retry and kind is not API else None)
    return {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}


def _members(error: Exception) -> dict[str, Any]:
    return Funds.of(error.shortage).model_dump() if isinstance(error, OutOfCreditsError) else {}
