"""`POST /v2/image-to-video`: a job like any other, only that it comes by key."""

from django.http import HttpRequest, HttpResponse

from generations.accounts.callers import Caller
from generations.accounts.roles import Right
from generations.common.ids import uuid7
from generations.contract import rules
from generations.jobs.submit import GenerationRequest, submit_generation

from ..bodies import read_json
from ..endpoint import for_callers
from ..errors import InvalidRequestError
from ..idempotency import answer_once
from ..images import still_of
from ..shapes import accepted


@for_callers("POST", right=Right.GENERATE)
def submit(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_json(request)

    def work(job_key: str | None) -> HttpResponse:
        generation = submit_generation(
            membership=caller.membership,
            request=_generation_request(caller, body),
            idempotency_key=job_key or str(uuid7()),
            api_key=caller.key,
        )
        return accepted(generation)

    return answer_once(caller, request.META.get("HTTP_IDEMPOTENCY_KEY"), body, work)


def _generation_request(caller: Caller, body: object) -> GenerationRequest:
    """The rules are checked before an image is looked at, so that a bad body costs nothing and stores nothing."""
    try:
        asked = rules.parse_request(body)
    except rules.InvalidRequestError as error:
        raise InvalidRequestError(str(error)) from error
    return GenerationRequest(
        first_frame=still_of(caller, "image_uri", asked.image_uri),
        last_frame=still_of(caller, "last_frame_uri", asked.last_frame_uri) if asked.last_frame_uri else None,
        camera_motion=asked.camera_motion or "",
        **asked.model_dump(include={"prompt", "model", "resolution", "fps", "duration", "generate_audio"}),
    )
