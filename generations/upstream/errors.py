"""Errors of the provider, by cause.

Every accepted submit is billed, and the vendor has no idempotency. So each outcome of a POST answers one question:
*may the provider have accepted the job?*

| what happened to the POST                     | error                 | why                                          |
|-----------------------------------------------|-----------------------|----------------------------------------------|
| unknown host, connection refused, TLS error,  | `NeverSentError`      | nothing was written to the connection, so it |
| connect time-out                              |                       | is safe to send again                        |
| 2xx with an id                                | accepted, no error    | the id is enough to continue                 |
| 2xx without a usable id, or not JSON          | `UnknownOutcomeError` | the job may be rendering                     |
| 301 302 307 308                               | `RejectedError`       | the base URL is wrong                        |
| other 3xx                                     | `UnknownOutcomeError` | 303 says that the request was processed      |
| 400 401 402 403 404 413 422, any 4xx but the  | `RejectedError`       | a 4xx says that the request was not          |
| two below, with the envelope or without       |                       | processed, even if a proxy says it           |
| 408, 409                                      | `UnknownOutcomeError` | 408: a proxy saw the request as too slow;    |
|                                               |                       | 409: the same key is still being processed   |
| 429                                           | `RejectedError`, may  | the queue is full, or too many at once       |
|                                               | be tried again        |                                              |
| 503 529 with the envelope                     | `RejectedError`, may  | the provider itself says that it accepts     |
|                                               | be tried again        | nothing now                                  |
| 503 529 without the envelope                  | `UnknownOutcomeError` | from a proxy: the request may have been      |
|                                               |                       | passed on                                    |
| 500 502 504, any other 5xx                    | `UnknownOutcomeError` | it may have failed after the job was created |
| write or read time-out, disconnect, deadline  | `UnknownOutcomeError` | sent, completely or in part, without a       |
|                                               |                       | response                                     |

No error contains the API key or a signed URL: the messages can be logged and stored.
"""

from enum import StrEnum


class Problem(StrEnum):
    """What went wrong with one poll. The first three happen without a response."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    MISSING = "missing"
    BUSY = "busy"
    REJECTED = "rejected"
    SERVER_ERROR = "server_error"
    INVALID_RESPONSE = "invalid_response"
    NOT_POLLED = "not_polled"


class UpstreamError(Exception):
    """Base class. `message` is one line, without secrets."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NeverSentError(UpstreamError):
    """The provider received nothing that could create a job. Safe to send again after a delay."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RejectedError(UpstreamError):
    """The provider rejected the request and created no job. `can_retry`: the same request may be accepted later.

    `type` is the contract's error type, derived from the status if the response has no envelope. `retry_after` is in
    seconds, as the provider sent it.
    """

    def __init__(
        self, *, status: int, error_type: str, message: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = error_type
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def can_retry(self) -> bool:
        return self.status in (429, 503, 529)

    def __str__(self) -> str:
        return f"{self.status} {self.type}: {self.message}"


class UnknownOutcomeError(UpstreamError):
    """The provider may have accepted the job. Do not send it again without an idempotency key."""

    def __init__(self, message: str, *, status: int | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id


class DownloadError(UpstreamError):
    """The video could not be downloaded. The job stays completed."""


class ExpiredUrlError(DownloadError):
    """The URL has expired (403, 404, 410): poll again for a new one."""


class DownloadFailedError(DownloadError):
    """The storage failed or could not be reached: download again. `status` is None without a response."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TruncatedError(DownloadError):
    """The connection ended before the end of the video: download again."""


class TooSlowError(DownloadError):
    """The deadline passed, or the storage sent nothing for too long."""


class TooLargeError(DownloadError):
    """The video is larger than the caller allows."""


class WrongContentError(DownloadError):
    """The content is not an MP4 file, but for example an error page, or an encoded or empty body."""


class BadUrlError(DownloadError):
    """The URL is not an absolute http or https URL without a user name. No request was made."""
