"""Generations in the format of the contract."""

from collections.abc import Mapping

from django.http import HttpResponse

from generations.contract.errors import API, ERROR_TABLE, INVALID_REQUEST
from generations.contract.schemas import Accepted, Completed, ErrorDetail, Failed, JobStatus, Pending, Result
from generations.jobs.models import Generation, State
from generations.media.serving import signed_url

from .responses import json_response

_KNOWN_TYPES = {kind.type for kind in ERROR_TABLE}
_IN_PROGRESS: Mapping[str, str] = {State.PROCESSING: "processing", State.SAVING: "processing"}
_CANCELED = ErrorDetail(type=INVALID_REQUEST.type, message="The generation was canceled. You were not charged.")


def accepted(generation: Generation) -> HttpResponse:
    """Return the 202, which has exactly two fields."""
    return json_response(Accepted(id=generation.pk, created_at=generation.created_at), status=202)


def status_of(generation: Generation) -> JobStatus:
    """Return one of the contract's four statuses. A completed job always has a URL that needs no key."""
    times = {"id": generation.pk, "created_at": generation.created_at}
    if generation.finished_at is None:
        return Pending(status=_IN_PROGRESS.get(generation.state, "pending"), **times)
    times["completed_at"] = generation.finished_at
    if generation.take is not None:
        url = signed_url(generation.take.video_id, name="take.mp4")
        return Completed(**times, result=Result(video_url=url))
    return Failed(**times, error=_error(generation))


def _error(generation: Generation) -> ErrorDetail:
    """Keep the provider's error type if the contract knows it. Our own errors are an `api_error`."""
    if generation.state == State.CANCELED:
        return _CANCELED
    kind = generation.error_type if generation.error_type in _KNOWN_TYPES else API.type
    return ErrorDetail(type=kind, message=generation.error_message or "The generation failed. You were not charged.")
