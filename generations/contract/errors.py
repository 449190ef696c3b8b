"""The error table: the HTTP status of each `error.type`, and whether a retry can help."""

from dataclasses import dataclass

from .schemas import ErrorDetail, ErrorEnvelope


@dataclass(frozen=True)
class ErrorKind:
    status: int
    type: str
    can_retry: bool


INVALID_REQUEST = ErrorKind(400, "invalid_request_error", False)
AUTHENTICATION = ErrorKind(401, "authentication_error", False)
INSUFFICIENT_FUNDS = ErrorKind(402, "insufficient_funds_error", False)
PERMISSION = ErrorKind(403, "permission_error", False)
NOT_FOUND = ErrorKind(404, "not_found_error", False)
REQUEST_TOO_LARGE = ErrorKind(413, "request_too_large", False)
CONTENT_FILTERED = ErrorKind(422, "content_filtered_error", False)
RATE_LIMIT = ErrorKind(429, "rate_limit_error", True)
CONCURRENCY_LIMIT = ErrorKind(429, "concurrency_limit_error", True)
API = ErrorKind(500, "api_error", True)
SERVICE_UNAVAILABLE = ErrorKind(503, "service_unavailable_error", True)
GATEWAY_TIMEOUT = ErrorKind(504, "api_error", True)
OVERLOADED = ErrorKind(529, "overloaded_error", True)

ERROR_TABLE = (
    INVALID_REQUEST,
    AUTHENTICATION,
    INSUFFICIENT_FUNDS,
    PERMISSION,
    NOT_FOUND,
    REQUEST_TOO_LARGE,
    CONTENT_FILTERED,
    RATE_LIMIT,
    CONCURRENCY_LIMIT,
    API,
    SERVICE_UNAVAILABLE,
    GATEWAY_TIMEOUT,
    OVERLOADED,
)


def envelope(kind: ErrorKind, message: str) -> ErrorEnvelope:
    return ErrorEnvelope(error=ErrorDetail(type=kind.type, message=message))
