"""Answers read and judged. No network here: an `Answer` goes in, an outcome or an error comes out."""

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
from .wire import Answer, target_of

_TYPES = {kind.status: kind.type for kind in reversed(ERROR_TABLE)}
_REDIRECTS = (301, 302, 307, 308)
_IN_DOUBT = (408, 409)
_FINAL_ON_POLL = (402, 422)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
_NO_IDS = ("null", "none", "undefined")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Submitted:
    """The provider took the job. `created_at` is None when it told none that can be read."""

    id: str
    created_at: datetime | None
    status: int
    request_id: str


@dataclass(frozen=True)
class Running:
    """Not done yet. `is_known` is false for a status word that the contract does not have: go on, and tell somebody."""

    status: str
    is_known: bool
    request_id: str


@dataclass(frozen=True)
class Completed:
    """Done. The URL is as good as a key to the video, so it is kept out of the repr."""

    video_url: str = field(repr=False)
    request_id: str


@dataclass(frozen=True)
class Failed:
    """The provider's own verdict, also where it gave it as HTTP 402 or 422 to the poll."""

    type: str
    message: str
    request_id: str


@dataclass(frozen=True)
class ResultError:
    """Completed, but without a video URL that could be fetched: ask again, then leave it to a person."""

    message: str
    request_id: str


@dataclass(frozen=True)
class PollError:
    """The poll failed, which says nothing about the job. `retry_after` is in seconds, as told."""

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


def read_submit(answer: Answer) -> Submitted:
    """Return the accepted job, or raise RejectedError or UnknownOutcomeError by the table in `errors`."""
    if 200 <= answer.status < 300:
        return _submitted(answer)
    if _is_definite(answer):
        raise rejection(answer)
    raise UnknownOutcomeError(
        f"answered {answer.status} {_detail(answer)[1]}".strip(), status=answer.status, request_id=answer.request_id
    )


def _is_definite(answer: Answer) -> bool:
    if answer.status in (503, 529):
        return has_envelope(answer)
    return answer.status in _REDIRECTS or (400 <= answer.status < 500 and answer.status not in _IN_DOUBT)


def _submitted(answer: Answer) -> Submitted:
    body = _object(answer)
    job = body.get("id")
    if not isinstance(job, str) or not _ID.fullmatch(job) or job.lower() in _NO_IDS:
        raise UnknownOutcomeError(
            f"answered {answer.status} without a job id", status=answer.status, request_id=answer.request_id
        )
    return Submitted(job, _moment(body.get("created_at")), answer.status, answer.request_id)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def rejection(answer: Answer) -> RejectedError:
    error_type, message = _detail(answer)
    return RejectedError(
        status=answer.status,
        error_type=error_type,
        message=message or f"The provider answered {answer.status}.",
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )


def read_poll(answer: Answer, job: str) -> PollOutcome:
    """Judge the answer to a poll. Only the provider's own words end a job; everything else is a `PollError`."""
    if not 200 <= answer.status < 300:
        return _poll_refusal(answer)
    body = _object(answer)
    word = body.get("status")
    if not isinstance(word, str) or body.get("id", job) != job:
        return _poll_error(answer, Problem.GARBLED, f"answered {answer.status} without the status of this job")
    if word == "completed":
        return _completed(body, answer)
    if word == "failed":
        return _failed(*_error_of(body, 500), answer)
    return Running(_line(word, 60), word in ("pending", "processing"), answer.request_id)


def _completed(body: Mapping[str, Any], answer: Answer) -> Completed | ResultError:
    result = body.get("result")
    url = result.get("video_url") if isinstance(result, Mapping) else None
    if not isinstance(url, str) or target_of(url) is None:
        return ResultError("completed without an absolute http or https video URL", answer.request_id)
    return Completed(url, answer.request_id)


def _failed(error_type: str, message: str, answer: Answer) -> Failed:
    return Failed(error_type, message or "The provider gave no reason.", answer.request_id)


def _poll_refusal(answer: Answer) -> Failed | PollError:
    status, is_enveloped = answer.status, has_envelope(answer)
    if status in _FINAL_ON_POLL and is_enveloped:
        return _failed(*_detail(answer), answer)
    if status == 404 and is_enveloped:
        kind = Problem.MISSING
    elif status in (429, 503, 529):
        kind = Problem.BUSY
    elif status >= 500:
        kind = Problem.SERVER_ERROR
    else:
        kind = Problem.REFUSED
    return _poll_error(answer, kind, f"answered {status} {_detail(answer)[1]}".strip())


def _poll_error(answer: Answer, kind: Problem, message: str) -> PollError:
    return PollError(kind, message, answer.status, answer.retry_after, answer.request_id)


def read_ticket(answer: Answer) -> UploadTicket:
    """Return where to put an upload. Raises RejectedError, or NeverSentError for whatever may be tried again."""
    if _is_definite(answer):
        raise rejection(answer)
    try:
        if answer.status == 200:
            return UploadTicket.model_validate_json(answer.body)
    except ValidationError:
        pass
    raise NeverSentError(f"no upload: answered {answer.status}", retry_after=answer.retry_after)


def has_envelope(answer: Answer) -> bool:
    """Tell whether this is the contract's own error, and not the page of something on the way."""
    body = _object(answer)
    error = body.get("error")
    return body.get("type") == "error" and isinstance(error, Mapping) and isinstance(error.get("type"), str)


def _detail(answer: Answer) -> tuple[str, str]:
    return _error_of(_object(answer), answer.status)


def _error_of(body: Mapping[str, Any], status: int) -> tuple[str, str]:
    """Return type and message from the envelope; without one the type goes by the status and the message is empty."""
    error = body.get("error")
    error = error if isinstance(error, Mapping) else {}
    error_type, message = error.get("type"), error.get("message")
    if not isinstance(error_type, str) or not _TYPE.fullmatch(error_type):
        error_type = _TYPES.get(status, f"http_{status}")
    return error_type, _line(message, 1000) if isinstance(message, str) else ""


def _line(text: str, limit: int) -> str:
    """Make foreign text fit to be stored and shown: one line, no control characters, not endless."""
    return _CONTROL.sub(" ", text).strip()[:limit]


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
