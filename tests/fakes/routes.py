"""The regular responses, exactly as the contract defines them."""

import json
import re
import uuid
from dataclasses import replace
from typing import Any

from generations.contract.rules import validate

from .behaviors import REASONS, Behavior
from .provider_state import FakeProviderState, Job, route_of
from .wire import Reply, Request

COMPLETED_AT = "2026-01-15T10:00:00.000Z"
REQUIRED_HEADERS = {"x-upload-token": "scripted"}


def respond(state: FakeProviderState, request: Request, how: Behavior) -> Reply:
    """Execute the request unless the behavior says otherwise, and apply the behavior to the response."""
    reply = _regular(state, request) if how.is_carried_out else Reply(500)
    if how.amend is not None:
        reply = replace(reply, body=json.dumps(_merged(json.loads(reply.body), how.amend)).encode())
    return Reply(
        status=how.status or reply.status,
        body=reply.body if how.body is None else how.body,
        headers={"x-request-id": uuid.uuid4().hex, **reply.headers, **how.headers},
    )


def _merged(plain: dict[str, Any], fields: Any) -> dict[str, Any]:
    return {name: value for name, value in {**plain, **fields}.items() if value is not None}


def _error(status: int, message: str) -> Reply:
    return Reply.of_json(status, {"type": "error", "error": {"type": REASONS[status], "message": message}})


def _regular(state: FakeProviderState, request: Request) -> Reply:
    route, name = route_of(request.method, request.path)
    if route == "put":
        return _put(state, str(name), request)
    if route == "download":
        return _download(state, str(name), request)
    if error := _authentication_error(state, request):
        return error
    if route == "submit":
        return _submit(state, request)
    if route == "poll":
        return _poll(state, str(name))
    if route == "upload":
        return _create_upload(state)
    return _error(404, "There is no such route.")


def _authentication_error(state: FakeProviderState, request: Request) -> Reply | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key or state.api_key not in (None, key):
        return _error(401, "The API key is missing or unknown.")
    return None


def _submit(state: FakeProviderState, request: Request) -> Reply:
    try:
        body = request.json()
    except ValueError:
        return _error(400, "The body is not JSON.")
    if violations := validate(body):
        return _error(400, "; ".join(map(str, violations)))
    key = request.headers.get("idempotency-key")
    job = state.job_of_key(key) if state.honors_keys else None
    if job is not None and job.body != body:
        return _error(400, "This Idempotency-Key came with another body before.")
    job = job or state.add_job(body, key)
    return Reply.of_json(202, {"id": job.id, "created_at": job.created_at})


def _poll(state: FakeProviderState, name: str) -> Reply:
    job = state.find_job(name)
    if job is None:
        return _error(404, "There is no such job.")
    job.polls += 1
    plain: dict[str, Any] = {"id": job.id, "status": "pending", "created_at": job.created_at}
    return Reply.of_json(200, plain | _progress(state, job))


def _progress(state: FakeProviderState, job: Job) -> dict[str, Any]:
    if job.failure is not None:
        error = dict(zip(("type", "message"), job.failure, strict=True))
        return {"status": "failed", "completed_at": COMPLETED_AT, "error": error}
    if job.is_done or job.polls > state.polls_until_done:
        job.is_done = True
        url = f"{state.base_url}/_files/{job.id}.mp4?signature=scripted"
        return {"status": "completed", "completed_at": COMPLETED_AT, "result": {"video_url": url}}
    return {"status": "pending" if job.polls == 1 else "processing"}


def _create_upload(state: FakeProviderState) -> Reply:
    name = uuid.uuid4().hex
    state.uploads[name] = None
    return Reply.of_json(
        200,
        {
            "upload_url": f"{state.base_url}/_uploads/{name}?signature=scripted",
            "storage_uri": f"ltx://uploads/{name}",
            "expires_at": COMPLETED_AT,
            "required_headers": REQUIRED_HEADERS,
        },
    )


def _put(state: FakeProviderState, name: str, request: Request) -> Reply:
    if "authorization" in request.headers:
        return _error(400, "A signed URL must not have an Authorization header.")
    if request.query.get("signature") != "scripted" or name not in state.uploads:
        return _error(403, "The signature is wrong.")
    missing = [h for h, value in REQUIRED_HEADERS.items() if request.headers.get(h) != value]
    if missing or "content-type" not in request.headers:
        return _error(403, f"Required: {', '.join(missing) or 'content-type'}")
    if state.uploads[name] is not None:
        return _error(403, "An upload cannot be overwritten.")
    state.uploads[name] = request.body
    return Reply(201)


def _download(state: FakeProviderState, name: str, request: Request) -> Reply:
    if "authorization" in request.headers:
        return _error(400, "A signed URL must not have an Authorization header.")
    job = state.find_job(name)
    if job is None or not job.is_done or request.query.get("signature") != "scripted":
        return _error(404, "There is no such file.")
    headers = {"content-type": "video/mp4", "accept-ranges": "bytes"}
    if "range" not in request.headers:
        return Reply(200, state.video, headers)
    return _part(state.video, request.headers["range"], headers)


def _part(video: bytes, wanted: str, headers: dict[str, str]) -> Reply:
    span = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if not span or not any(span.groups()):
        return Reply(200, video, headers)
    if not span[1]:
        start, end = max(0, len(video) - int(span[2])), len(video)
    else:
        start, end = int(span[1]), min(len(video), int(span[2] or len(video)) + 1)
    if start >= end:
        return Reply(416, headers={"content-range": f"bytes */{len(video)}"})
    return Reply(206, video[start:end], {**headers, "content-range": f"bytes {start}-{end - 1}/{len(video)}"})
