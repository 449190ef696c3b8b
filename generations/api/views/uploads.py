"""`POST /v1/upload`, and the PUT to the address that it gives."""

import tempfile
from uuid import UUID

from django.core.files import File
from django.http import HttpRequest, HttpResponse

from generations.accounts.callers import Caller
from generations.accounts.roles import Right
from generations.contract.schemas import UploadTicket
from generations.contract.support import SUPPORT
from generations.media.uploads import access_upload, create_upload, fill_upload, storage_uri, upload_url

from ..answers import json_answer
from ..bodies import capped_chunks
from ..endpoint import for_callers, for_everybody

_IN_MEMORY = 1024 * 1024


@for_callers("POST", right=Right.GENERATE)
def create(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Whatever body clients send is ignored."""
    upload = create_upload(caller.membership)
    ticket = UploadTicket(upload_url=upload_url(upload), storage_uri=storage_uri(upload), expires_at=upload.expires_at)
    return json_answer(ticket)


@for_everybody("PUT")
def put_bytes(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Take the bytes once. What they are is read from them, not from their Content-Type."""
    upload = access_upload(upload_id, request.GET.get("signature", ""))
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for chunk in capped_chunks(request, SUPPORT.image.upload_max_bytes):
            file.write(chunk)
        fill_upload(upload, File(file, name="upload"))
    return HttpResponse(status=201)
