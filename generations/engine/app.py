"""The routes of the engine. Each checks the key, calls one function and returns a response of the contract."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from generations.contract.errors import AUTHENTICATION, NOT_FOUND
from generations.contract.schemas import Accepted, UploadTicket
from generations.contract.support import SUPPORT

from .http import EXCEPTION_HANDLERS, ContractError, RequestIdMiddleware, limited_stream, read_json, video_response
from .jobs import Job, JobStore
from .submission import Submissions, hash_api_key
from .uploads import UploadStore

NO_JOB = "there is no such job, or it has expired"


class Routes:
    """The request handlers and the objects that they use."""

    def __init__(self, *, base_url: str, jobs: JobStore, uploads: UploadStore, submissions: Submissions) -> None:
        self._base_url, self._jobs, self._uploads, self._submissions = base_url, jobs, uploads, submissions

    async def submit(self, request: Request) -> Response:
        owner = _owner(request)
        job = await self._submissions.submit(
            owner=owner, idempotency_key=request.headers.get("idempotency-key"), body=await read_json(request)
        )
        return _json(Accepted(id=job.id, created_at=job.created_at), status=202)

    async def poll(self, request: Request) -> Response:
        job = self._job(request, owner=_owner(request))
        return _json(job.as_status(f"{self._base_url}/videos/{job.id}.mp4"))

    async def video(self, request: Request) -> Response:
        return video_response(request, self._jobs.video(self._job(request).id))

    async def create_upload(self, request: Request) -> Response:
        upload = await asyncio.to_thread(self._uploads.create, _owner(request))
        return _json(
            UploadTicket(
                upload_url=f"{self._base_url}/uploads/{upload.id}?signature={upload.token}",
                storage_uri=upload.uri,
                expires_at=upload.put_until,
            )
        )

    async def put_upload(self, request: Request) -> Response:
        token = request.query_params.get("signature", "")
        upload = await asyncio.to_thread(self._uploads.access, request.path_params["id"], token)
        part = self._uploads.part(upload)
        try:
            await _stream_to(request, part)
            await asyncio.to_thread(self._uploads.complete, upload, part)
        finally:
            part.unlink(missing_ok=True)
        return Response(status_code=201)

    async def healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def _job(self, request: Request, *, owner: str | None = None) -> Job:
        try:
            job = self._jobs.get(UUID(request.path_params["id"]))
        except ValueError:
            job = None
        if job is None or (owner is not None and job.owner != owner):
            raise ContractError(NOT_FOUND, NO_JOB)
        return job


def make_app(routes: Routes) -> ASGIApp:
    app = Starlette(
        routes=[
            Route("/v2/image-to-video", routes.submit, methods=["POST"]),
            Route("/v2/image-to-video/{id}", routes.poll, methods=["GET"]),
            Route("/v1/upload", routes.create_upload, methods=["POST"]),
            Route("/uploads/{id}", routes.put_upload, methods=["PUT"]),
            Route("/videos/{id}.mp4", routes.video, methods=["GET"]),
            Route("/healthz", routes.healthz, methods=["GET"]),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return RequestIdMiddleware(app)


def _owner(request: Request) -> str:
    """Return the hash of the API key as the owner. Every key is accepted, but a key is required."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip() or " " in key.strip():
        raise ContractError(
            AUTHENTICATION,
            "send an API key as: Authorization: Bearer <key>",
            headers={"www-authenticate": "Bearer"},
        )
    return hash_api_key(key.strip())


async def _stream_to(request: Request, path: Path) -> None:
    with path.open("wb") as file:
        async for chunk in limited_stream(request, SUPPORT.image.upload_max_bytes):
            file.write(chunk)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())


def _json(body: BaseModel, *, status: int = 200) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status)
