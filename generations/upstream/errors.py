"""What can go wrong with the provider, by cause.

A submit is billed each time it is accepted, and the vendor has no idempotency. So one question rules the table:
*may the provider have taken the job?*

| what happened to the POST                     | error                 | why                                          |
|-----------------------------------------------|-----------------------|----------------------------------------------|
| no name, refused, TLS, connect time-out: not  | `NeverSentError`      | the provider cannot know of it: safe to send |
| a byte was written to the connection          |                       | again                                        |
| 2xx with an id                                | accepted, no error    | the id is all that is needed to go on        |
| 2xx without a usable id, or not JSON          | `UnknownOutcomeError` | it may well be rendering                     |
| 301 302 307 308                               | `RejectedError`       | "ask elsewhere": the base URL is wrong       |
| other 3xx                                     | `UnknownOutcomeError` | 303 says "done, look there"                  |
| 400 401 402 403 404 413 422, any 4xx but the  | `RejectedError`       | a 4xx says that the request was not carried  |
| two below, with the envelope or without       |                       | out, whoever on the way says it              |
| 408, 409                                      | `UnknownOutcomeError` | 408: it came too slowly, as seen by a proxy; |
|                                               |                       | 409: the same key is still being worked on   |
| 429                                           | `RejectedError`, may  | the queue is full, or too many at once       |
|                                               | be tried again        |                                              |
| 503 529 with the envelope                     | `RejectedError`, may  | the provider itself says that it takes none  |
|                                               | be tried again        |                                              |
| 503 529 without the envelope                  | `UnknownOutcomeError` | a proxy's word: the request may have gone on |
| 500 502 504, any other 5xx                    | `UnknownOutcomeError` | it may have failed after the job was made    |
| write or read time-out, disconnect, deadline  | `UnknownOutcomeError` | sent, all or a part, and then silence        |

Nothing here carries the API key or a signed URL: the messages are made to be logged and stored.
"""

from enum import StrEnum


class Problem(StrEnum):
    """What went wrong with one request. The first three happen on the way, the others are answers."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CUT_OFF = "cut_off"
    MISSING = "missing"
    BUSY = "busy"
    REFUSED = "refused"
    SERVER_ERROR = "server_error"
    GARBLED = "garbled"
    NOT_ASKED = "not_asked"


class UpstreamError(Exception):
    """The base. `message` is one line, without secrets."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NeverSentError(UpstreamError):
    """Nothing reached the provider, or nothing that could have made a job. Safe to send again, after a while."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RejectedError(UpstreamError):
    """The provider refused, and made no job. `can_retry` says that the same request may be accepted later.

    `type` is the contract's error type, taken from the status when the answer had no envelope. `retry_after` is in
    seconds, as told.
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
    """The provider may have taken the job. Never send it again blindly."""

    def __init__(self, message: str, *, status: int | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id


class DownloadError(UpstreamError):
    """The video did not arrive. That says nothing against the job, which stays completed."""


class ExpiredUrlError(DownloadError):
    """The URL is no longer good (403, 404, 410): poll again for a fresh one."""


class DownloadFailedError(DownloadError):
    """The other side failed or could not be reached: try the download again. `status` is None without an answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TruncatedError(DownloadError):
    """The connection ended before the video did: try the download again."""


class TooSlowError(DownloadError):
    """The deadline passed, or nothing came for too long."""


class TooLargeError(DownloadError):
    """The video is larger than the caller allows."""


class WrongContentError(DownloadError):
    """What came is not a plain MP4 file: an error page, an encoded or an empty body."""


class BadUrlError(DownloadError):
    """Not an absolute http or https URL without a user name: nothing was asked."""
