"""Errors of the HTTP layer, shared by the contract routes and the management API."""

import math

from generations.common.errors import DailiesError
from generations.contract.errors import (
    AUTHENTICATION,
    CONCURRENCY_LIMIT,
    INVALID_REQUEST,
    RATE_LIMIT,
    REQUEST_TOO_LARGE,
    ErrorKind,
)


class ApiError(DailiesError):
    """`kind` is the row of the contract's error table. `status` may differ from its row, as for 405."""

    kind: ErrorKind = INVALID_REQUEST

    @property
    def headers(self) -> dict[str, str]:
        return {}


class InvalidRequestError(ApiError):
    """The body, a header or an image does not follow the contract."""

    status = 400
    code = "bad_request"


class AuthenticationError(ApiError):
    """The API key is missing, unknown, expired or revoked. The client does not learn which."""

    status = 401
    code = "unauthenticated"
    kind = AUTHENTICATION

    def __init__(self) -> None:
        super().__init__("Missing or invalid API key. Use: Authorization: Bearer <key>")

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class MethodNotAllowedError(ApiError):
    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Method not allowed. Allowed: {allowed}.")
        self.allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": self.allowed}


class BodyTooLargeError(ApiError):
    status = 413
    code = "too_large"
    kind = REQUEST_TOO_LARGE

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"Request body exceeds {max_bytes:,} bytes.")


class KeyReusedError(ApiError):
    """The Idempotency-Key belongs to another request body."""

    status = 422
    code = "invalid"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used with a different request body.")


class StillProcessingError(ApiError):
    """The first request with this Idempotency-Key has no response yet."""

    status = 409
    code = "conflict"
    kind = CONCURRENCY_LIMIT

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is still being processed. Retry shortly.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "2"}


class RateLimitedError(ApiError):
    """Nothing was done. `retry_after` is in seconds."""

    status = 429
    code = "rate_limited"
    kind = RATE_LIMIT

    def __init__(self, holder: str, rate: int, retry_after: float) -> None:
        super().__init__(
            f"Rate limit of {holder} exceeded: {rate:,} requests per minute. Retry in {math.ceil(retry_after)} s."
        )
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}
