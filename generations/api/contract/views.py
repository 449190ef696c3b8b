"""The routes of the contract: submit, poll, upload an image, download a file."""

import tempfile
from uuid import UUID

from django.core.files import File
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from generations.accounts.api_keys import Caller
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.common.ids import uuid7
from generations.contract import rules
from generations.contract.errors import INVALID_REQUEST
from generations.contract.schemas import UploadTicket
from generations.contract.support import SUPPORT
from generations.jobs.models import Generation
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.media.serving import asset_by_token, serve_asset
from generations.media.uploads import access_upload, create_upload, fill_upload, storage_uri, upload_url

from ..errors import InvalidRequestError
from ..images import image_of
from ..requests import capped_chunks, read_json
from .decorators import public, require_key
from .idempotency import respond_once
from .responses import error_response, json_response
from .serializers import accepted, status_of

_MAX_IN_MEMORY = 1024 * 1024


@require_key("POST", right=Right.GENERATE)
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

    return respond_once(caller, request.META.get("HTTP_IDEMPOTENCY_KEY"), body, work)


@require_key("GET", "HEAD")
def job(request: HttpRequest, caller: Caller, job_id: str) -> HttpResponse:
    """Costs two queries for the key and one for the job. A job that the key may not see is not found."""
    visible = Generation.objects.visible_to(caller).select_related("take")
    generation = visible.filter(pk=job_id).first() if _is_uuid(job_id) else None
    if generation is None:
        raise NotFoundError("Job not found.")
    return json_response(status_of(generation))


@require_key("POST", right=Right.GENERATE)
def create_upload_url(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Ignores a body, because clients send one."""
    upload = create_upload(caller.membership)
    ticket = UploadTicket(upload_url=upload_url(upload), storage_uri=storage_uri(upload), expires_at=upload.expires_at)
    return json_response(ticket)


@public("PUT")
def put_bytes(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Store the bytes once. The type is detected from the bytes, not from the Content-Type."""
    upload = access_upload(upload_id, request.GET.get("signature", ""))
    with tempfile.SpooledTemporaryFile(max_size=_MAX_IN_MEMORY) as file:
        for chunk in capped_chunks(request, SUPPORT.image.upload_max_bytes):
            file.write(chunk)
        fill_upload(upload, File(file, name="upload"))
    return HttpResponse(status=201)


@public("GET", "HEAD")
def file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Serve a result by its signed URL, with ranges and without a redirect."""
    response = serve_asset(request, asset_by_token(token), filename=name)
    if response.status_code == 416:
        error = error_response(INVALID_REQUEST, "Requested range not satisfiable.", status=416)
        error["Content-Range"] = response["Content-Range"]
        return error
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _generation_request(caller: Caller, body: object) -> GenerationRequest:
    """Check the rules before the images, so that an invalid body costs and stores nothing."""
    try:
        data = rules.parse_request(body)
    except rules.InvalidRequestError as error:
        raise InvalidRequestError(str(error)) from error
    return GenerationRequest(
        first_frame=image_of(caller, "image_uri", data.image_uri),
        last_frame=image_of(caller, "last_frame_uri", data.last_frame_uri) if data.last_frame_uri else None,
        camera_motion=data.camera_motion or "",
        **data.model_dump(include={"prompt", "model", "resolution", "fps", "duration", "generate_audio"}),
    )
