"""Our generations in the words of the contract."""

from collections.abc import Mapping

from django.http import HttpResponse

from generations.contract.errors import API, ERROR_TABLE, INVALID_REQUEST
from generations.contract.schemas import Accepted, Completed, ErrorDetail, Failed, JobStatus, Pending, Result
from generations.jobs.models import Generation, State
from generations.media.serving import signed_url

from .answers import json_answer

_KNOWN_TYPES = {kind.type for kind in ERROR_TABLE}
_UNDER_WAY: Mapping[str, str] = {State.PROCESSING: "processing", State.SAVING: "processing"}
_CANCELED = ErrorDetail(
    type=INVALID_REQUEST.type, message="The job was canceled before it was sent. Nothing was charged."
)


def accepted(generation: Generation) -> HttpResponse:
    """202 with exactly the two fields."""
    return json_answer(Accepted(id=generation.pk, created_at=generation.created_at), status=202)


def status_of(generation: Generation) -> JobStatus:
    """Only the contract's four words; a completed job always has a URL that needs no key."""
    times = {"id": generation.pk, "created_at": generation.created_at}
    if generation.finished_at is None:
        return Pending(status=_UNDER_WAY.get(generation.state, "pending"), **times)
    times["completed_at"] = generation.finished_at
    if generation.take is not None:
        url = signed_url(generation.take.video_id, name="take.mp4")
        return Completed(**times, result=Result(video_url=url))
    return Failed(**times, error=_error(generation))


def _error(generation: Generation) -> ErrorDetail:
    """The provider's own type where it is one of the contract's; our own reasons are an `api_error` to clients."""
    if generation.state == State.CANCELED:
        return _CANCELED
    kind = generation.error_type if generation.error_type in _KNOWN_TYPES else API.type
    return ErrorDetail(type=kind, message=generation.error_message or "The job failed. Nothing was charged.")
