"""Errors as problem details (RFC 9457)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from pydantic import BaseModel

from generations.common.errors import DailiesError
from generations.contract.schemas import Timestamp
from generations.credits.errors import OutOfCreditsError
from generations.jobs.submit import InvalidRequestError

from ..errors import ApiError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Kind:
    """A kind of problem. `code` never changes; the wording of `title` may."""

    status: int
    code: str
    title: str


BAD_REQUEST = Kind(400, "bad_request", "The request could not be parsed")
UNAUTHENTICATED = Kind(401, "unauthenticated", "Invalid or missing API key")
OUT_OF_CREDITS = Kind(402, "out_of_credits", "Not enough credits")
FORBIDDEN = Kind(403, "forbidden", "The key lacks the permission")
NOT_FOUND = Kind(404, "not_found", "Not found")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed", "Method not allowed")
CONFLICT = Kind(409, "conflict", "Conflict")
TOO_LARGE = Kind(413, "too_large", "Request body too large")
INVALID = Kind(422, "invalid", "Invalid request")
RATE_LIMITED = Kind(429, "rate_limited", "Rate limit exceeded")
TOO_MANY_JOBS = Kind(429, "too_many_jobs", "Too many generations at once")
FAULT = Kind(500, "error", "Internal error")
UNAVAILABLE = Kind(503, "unavailable", "Service unavailable")

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

KIND_BY_CODE = {kind.code: kind for kind in KINDS}


class FieldProblem(BaseModel):
    """An invalid value. `field` is the name of the field or parameter, or empty for the request as a whole."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error. A 422 lists `errors`. A 402 has the shortage in credits and the limit that caused it."""

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
    """Return a problem response. `members` are the optional members of `Problem`."""
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


def problem_of(error: DailiesError) -> JsonResponse:
    """Render an error of the product."""
    kind = KIND_BY_CODE[error.code]
    headers = error.headers if isinstance(error, ApiError) else _headers(kind, error)
    return problem(kind, error.message, headers=headers, **_members(error))


def invalid(errors: Sequence[FieldProblem]) -> JsonResponse:
    """Return a 422 that lists every invalid value."""
    detail = "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in errors)
    return problem(INVALID, detail, errors=list(errors))


def _headers(kind: Kind, error: DailiesError) -> dict[str, str]:
    if kind.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return {}
    wait = getattr(error, "retry_after", RETRY_SECONDS)
    return {"Retry-After": str(max(1, math.ceil(wait)))}


def _members(error: DailiesError) -> dict[str, Any]:
    if isinstance(error, InvalidRequestError):
        return {"errors": [FieldProblem(field=v.field, message=v.message) for v in error.violations]}
    if isinstance(error, OutOfCreditsError):
        shortage = error.shortage
        return {name: getattr(shortage, name) for name in ("required", "available", "held", "limit", "resets_at")}
    return {}
