"""Read a response of the provider into an outcome. Pure: a `Response` goes in, an outcome or an error comes out."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from generations.contract.errors import ERROR_TABLE
from generations.contract.schemas import UploadTicket

from .errors import NeverSentError, Problem, RejectedError, UnknownOutcomeError
from .http import Response, parse_url

_TYPES = {kind.status: kind.type for kind in reversed(ERROR_TABLE)}
_REDIRECTS = (301, 302, 307, 308)
_UNKNOWN_4XX = (408, 409)
_FINAL_ON_POLL = (402, 422)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
_NO_IDS = ("null", "none", "undefined")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Accepted:
    """The provider accepted the job. `created_at` is None if the response has no readable time."""

    id: str
    created_at: datetime | None
    status: int
    request_id: str


@dataclass(frozen=True)
class Running:
    """The job is not finished. `is_known` is false for a status word that the contract does not have: log it."""

    status: str
    is_known: bool
    request_id: str


@dataclass(frozen=True)
class Completed:
    """The job is finished. The URL gives access to the video, so it is not in the repr."""

    video_url: str = field(repr=False)
    request_id: str


@dataclass(frozen=True)
class Failed:
    """The provider reports that the job failed, also where it does so as HTTP 402 or 422 to the poll."""

    type: str
    message: str
    request_id: str


@dataclass(frozen=True)
class ResultError:
    """The job is completed, but has no usable video URL: poll again, and finally leave it to staff."""

    message: str
    request_id: str


@dataclass(frozen=True)
class PollError:
    """The poll failed, which says nothing about the job. `retry_after` is in seconds, as the provider sent it."""

    kind: Problem
    message: str
    status: int | None = None
    retry_after: float | None = None
    request_id: str = ""

    @property
    def is_missing(self) -> bool:
        """The provider itself says that it has no such job: too early, too late, or lost."""
        return self.kind is Problem.MISSING


PollOutcome = Running | Completed | Failed | ResultError | PollError


def read_submit(response: Response) -> Accepted:
    """Return the accepted job, or raise RejectedError or UnknownOutcomeError by the table in `errors`."""
    if 200 <= response.status < 300:
        return _accepted(response)
    if _is_rejection(response):
        raise rejection(response)
    raise UnknownOutcomeError(_status_line(response), status=response.status, request_id=response.request_id)


def _is_rejection(response: Response) -> bool:
    if response.status in (503, 529):
        return has_envelope(response)
    return response.status in _REDIRECTS or (400 <= response.status < 500 and response.status not in _UNKNOWN_4XX)


def _accepted(response: Response) -> Accepted:
    body = _object(response)
    job = body.get("id")
    if not isinstance(job, str) or not _ID.fullmatch(job) or job.lower() in _NO_IDS:
        raise UnknownOutcomeError(
            f"HTTP {response.status} without a job id", status=response.status, request_id=response.request_id
        )
    return Accepted(job, _time(body.get("created_at")), response.status, response.request_id)


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None


def rejection(response: Response) -> RejectedError:
    error_type, message = _error_detail(response)
    return RejectedError(
        status=response.status,
        error_type=error_type,
        message=message or f"The provider returned HTTP {response.status}.",
        request_id=response.request_id,
        retry_after=response.retry_after,
    )


def read_poll(response: Response, job: str) -> PollOutcome:
    """Read the response to a poll. Only a state that the provider reports ends a job; else return a `PollError`."""
    if not 200 <= response.status < 300:
        return _poll_failure(response)
    body = _object(response)
    word = body.get("status")
    if not isinstance(word, str) or body.get("id", job) != job:
        message = f"HTTP {response.status} without the status of this job"
        return _poll_error(response, Problem.INVALID_RESPONSE, message)
    if word == "completed":
        return _completed(body, response)
    if word == "failed":
        return _failed(*_error_of(body, 500), response)
    return Running(_one_line(word, 60), word in ("pending", "processing"), response.request_id)


def _completed(body: Mapping[str, Any], response: Response) -> Completed | ResultError:
    result = body.get("result")
    url = result.get("video_url") if isinstance(result, Mapping) else None
    if not isinstance(url, str) or parse_url(url) is None:
        return ResultError("completed without an absolute http or https video URL", response.request_id)
    return Completed(url, response.request_id)


def _failed(error_type: str, message: str, response: Response) -> Failed:
    return Failed(error_type, message or "The provider gave no reason.", response.request_id)


def _poll_failure(response: Response) -> Failed | PollError:
    status, is_enveloped = response.status, has_envelope(response)
    if status in _FINAL_ON_POLL and is_enveloped:
        return _failed(*_error_detail(response), response)
    if status == 404 and is_enveloped:
        kind = Problem.MISSING
    elif status in (429, 503, 529):
        kind = Problem.BUSY
    elif status >= 500:
        kind = Problem.SERVER_ERROR
    else:
        kind = Problem.REJECTED
    return _poll_error(response, kind, _status_line(response))


def _poll_error(response: Response, kind: Problem, message: str) -> PollError:
    return PollError(kind, message, response.status, response.retry_after, response.request_id)


def read_ticket(response: Response) -> UploadTicket:
    """Return where to upload to. Raises RejectedError, or NeverSentError for everything that may be tried again."""
    if _is_rejection(response):
        raise rejection(response)
    try:
        if response.status == 200:
            return UploadTicket.model_validate_json(response.body)
    except ValidationError:
        pass
    raise NeverSentError(f"no upload ticket: HTTP {response.status}", retry_after=response.retry_after)


def has_envelope(response: Response) -> bool:
    """Return whether the body is the contract's error, and not the error page of a proxy."""
    body = _object(response)
    error = body.get("error")
    return body.get("type") == "error" and isinstance(error, Mapping) and isinstance(error.get("type"), str)


def _status_line(response: Response) -> str:
    return f"HTTP {response.status} {_error_detail(response)[1]}".strip()


def _error_detail(response: Response) -> tuple[str, str]:
    return _error_of(_object(response), response.status)


def _error_of(body: Mapping[str, Any], status: int) -> tuple[str, str]:
    """Return type and message of the envelope. Without one, derive the type from the status; the message is empty."""
    error = body.get("error")
    error = error if isinstance(error, Mapping) else {}
    error_type, message = error.get("type"), error.get("message")
    if not isinstance(error_type, str) or not _TYPE.fullmatch(error_type):
        error_type = _TYPES.get(status, f"http_{status}")
    return error_type, _one_line(message, 1000) if isinstance(message, str) else ""


def _one_line(text: str, limit: int) -> str:
    """Make the provider's text safe to store and show: one line, no control characters, limited length."""
    return _CONTROL.sub(" ", text).strip()[:limit]


def _object(response: Response) -> Mapping[str, Any]:
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
