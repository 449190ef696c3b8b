"""`GET /v2/image-to-video/{id}`: two queries for the key, one for the job."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from generations.accounts.callers import Caller
from generations.common.errors import NotFoundError

from ..answers import json_answer
from ..endpoint import for_callers
from ..shapes import status_of
from ..v1.access import visible_generation

NO_JOB = "There is no such job."


@for_callers("GET", "HEAD")
def job(request: HttpRequest, caller: Caller, job_id: str) -> HttpResponse:
    """A job that the key may not see is answered as one that does not exist."""
    try:
        generation = visible_generation(caller, UUID(job_id))
    except ValueError:
        generation = None
    if generation is None:
        raise NotFoundError(NO_JOB)
    return json_answer(status_of(generation))
