"""Errors as problem details (RFC 9457): what went wrong, in words and for machines, translated once by class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from pydantic import BaseModel

from generations.accounts.keys import EndedKeyError
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.common.pagination import BadCursorError
from generations.contract.schemas import Timestamp
from generations.credits.errors import FrozenError, OutOfCreditsError, TooManyJobsError
from generations.credits.prices import NoPriceError
from generations.events.webhooks.deliveries import SwitchedOffError
from generations.events.webhooks.endpoints import TooManyEndpointsError
from generations.jobs.cancel_retry import NotCancelableError, NotRetryableError
from generations.jobs.submit import InvalidWishError
from generations.media.fetch import TooManyFetchesError
from generations.media.stills import BadStillError
from generations.media.storage_errors import StorageError

from ..errors import RefusedError
from ..limits import RateLimitedError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Kind:
    """One kind of problem. `code` is for programs and stays; `title` is for people and may be worded anew."""

    status: int
    code: str
    title: str


BAD_REQUEST = Kind(400, "bad_request", "The request cannot be read")
UNAUTHENTICATED = Kind(401, "unauthenticated", "A valid key is needed")
OUT_OF_CREDITS = Kind(402, "out_of_credits", "Not enough credits")
FORBIDDEN = Kind(403, "forbidden", "The key does not allow this")
NOT_FOUND = Kind(404, "not_found", "There is nothing here")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed", "This address has no such method")
CONFLICT = Kind(409, "conflict", "Too late for that")
TOO_LARGE = Kind(413, "too_large", "The body is too large")
INVALID = Kind(422, "invalid", "Something in the request does not fit")
RATE_LIMITED = Kind(429, "rate_limited", "Too many requests")
TOO_MANY_JOBS = Kind(429, "too_many_jobs", "Too many jobs at once")
FAULT = Kind(500, "error", "Something went wrong here")
UNAVAILABLE = Kind(503, "unavailable", "Not at present")

KINDS = (
    BAD_REQUEST,
    UNAUTHENTICATED,
    OUT_OF_CREDITS,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    TOO_LARGE,
    INVALID,
    RATE_LIMITED,
    TOO_MANY_JOBS,
    FAULT,
    UNAVAILABLE,
)

KIND_OF: dict[type[DailiesError], Kind] = {
    NotFoundError: NOT_FOUND,
    ForbiddenError: FORBIDDEN,
    OutOfCreditsError: OUT_OF_CREDITS,
    EndedKeyError: CONFLICT,
    NotCancelableError: CONFLICT,
    NotRetryableError: CONFLICT,
    SwitchedOffError: CONFLICT,
    TooManyEndpointsError: CONFLICT,
    BadCursorError: INVALID,
    BadStillError: INVALID,
    InvalidWishError: INVALID,
    NoPriceError: INVALID,
    RateLimitedError: RATE_LIMITED,
    TooManyFetchesError: RATE_LIMITED,
    TooManyJobsError: TOO_MANY_JOBS,
    FrozenError: UNAVAILABLE,
    StorageError: UNAVAILABLE,
}
# What the edge that both APIs share refuses says its status itself.
_BY_STATUS = {kind.status: kind for kind in reversed(KINDS)}


class FieldProblem(BaseModel):
    """One thing that does not fit, and where: the name of a field or parameter, empty when it is the whole."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error. A 422 lists `errors`; a 402 tells what is left, in credits, and of which limit."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = None
    required: int | None = None
    available: int | None = None
    held: int | None = None
    limit: str | None = None
    resets_at: Timestamp | None = None


def problem(kind: Kind, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any) -> JsonResponse:
    """Answer with a problem. `members` are those of `Problem` that this kind has besides."""
    body = Problem(
        type=f"/api/v1/docs#{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail or f"{kind.title}.",
        code=kind.code,
        **members,
    )
    response = JsonResponse(body.model_dump(mode="json", exclude_unset=True), status=kind.status, headers=headers)
    response["Content-Type"] = MEDIA_TYPE
    if kind.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def kind_of(error: DailiesError) -> Kind:
    """The kind of the nearest class in the table; a refusal that is not there is a request that does not fit."""
    return next((KIND_OF[cls] for cls in type(error).__mro__ if cls in KIND_OF), INVALID)


def problem_of(error: DailiesError) -> JsonResponse:
    """Translate a refusal."""
    if isinstance(error, RefusedError):
        return problem(_BY_STATUS.get(error.status, INVALID), error.message, headers=error.headers)
    kind = kind_of(error)
    return problem(kind, error.message, headers=_headers(kind, error), **_members(error))


def invalid(errors: Sequence[FieldProblem]) -> JsonResponse:
    """Answer 422 with everything that does not fit."""
    detail = "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in errors)
    return problem(INVALID, detail, errors=list(errors))


def _headers(kind: Kind, error: DailiesError) -> dict[str, str]:
    if kind.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return {}
    wait = getattr(error, "retry_after", RETRY_SECONDS)
    return {"Retry-After": str(max(1, math.ceil(wait)))}


def _members(error: DailiesError) -> dict[str, Any]:
    if isinstance(error, InvalidWishError):
        return {"errors": [FieldProblem(field=v.field, message=v.message) for v in error.violations]}
    if isinstance(error, OutOfCreditsError):
        shortage = error.shortage
        return {name: getattr(shortage, name) for name in ("required", "available", "held", "limit", "resets_at")}
    return {}
