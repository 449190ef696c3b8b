"""Accept a submit: validate it, read its images, store the job and put it into the queue."""

import asyncio
import base64
import binascii
import hashlib
import json
from weakref import WeakValueDictionary

from generations.contract.errors import INVALID_REQUEST
from generations.contract.rules import InvalidRequestError, parse_request
from generations.contract.schemas import ImageToVideoRequest
from generations.contract.support import size_of

from .fetch import fetch_image
from .http import ContractError
from .images import BadImageError, check_image
from .jobs import ClipSpec, Job, JobStore, new_job
from .pool import RenderPool
from .uploads import SCHEME, UploadStore

AUTOMATIC_SECONDS = 8  # the length for `duration: null`; every model that allows null also offers this length
MAX_KEY_CHARS = 255
MAX_DECODERS = 2  # images decoded at the same time; limits the memory under many submits


class Submissions:
    """Accepts requests. The same idempotency key with the same body returns the same job, also after a restart."""

    def __init__(self, jobs: JobStore, uploads: UploadStore, pool: RenderPool) -> None:
        self._jobs, self._uploads, self._pool = jobs, uploads, pool
        self._decoders = asyncio.Semaphore(MAX_DECODERS)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def submit(self, *, owner: str, idempotency_key: str | None, body: object) -> Job:
        """Return the job for a request. Raises ContractError, and then stores nothing."""
        try:
            request = parse_request(body)
        except InvalidRequestError as error:
            raise ContractError(INVALID_REQUEST, str(error)) from error
        fingerprint = _hash(json.dumps(body, sort_keys=True))
        if idempotency_key is None:
            return await self._accept(request, owner, None, fingerprint)
        if not 0 < len(idempotency_key) <= MAX_KEY_CHARS:
            raise ContractError(INVALID_REQUEST, f"an Idempotency-Key must have 1 to {MAX_KEY_CHARS} characters")
        key = _hash(idempotency_key)
        async with self._locks.setdefault((owner, key), asyncio.Lock()):
            if existing := self._jobs.with_key(owner, key):
                return _check_same_body(existing, fingerprint)
            return await self._accept(request, owner, key, fingerprint)

    async def _accept(self, request: ImageToVideoRequest, owner: str, key: str | None, fingerprint: str) -> Job:
        with self._pool.reserve() as reservation:
            first = await self._read_image("image_uri", request.image_uri, owner)
            last = (
                await self._read_image("last_frame_uri", request.last_frame_uri, owner)
                if request.last_frame_uri
                else None
            )
            job = new_job(owner=owner, idempotency_key=key, fingerprint=fingerprint, clip=_clip(request))
            await asyncio.to_thread(self._jobs.add, job, first=first, last=last)
            reservation.enqueue(job)
        return job

    async def _read_image(self, field: str, uri: str, owner: str) -> bytes:
        try:
            data = await read_image_uri(uri, owner=owner, uploads=self._uploads)
            async with self._decoders:
                await asyncio.to_thread(check_image, data)
        except BadImageError as error:
            raise ContractError(INVALID_REQUEST, f"{field}: {error}") from error
        return data


def hash_api_key(api_key: str) -> str:
    """Identify an owner without storing the key."""
    return _hash(api_key)


async def read_image_uri(uri: str, *, owner: str, uploads: UploadStore) -> bytes:
    """Return the bytes of an image from one of the three URI forms. Raises BadImageError."""
    if uri.startswith("data:"):
        return await asyncio.to_thread(_decode_data_uri, uri)
    if uri.startswith(SCHEME):
        data = await asyncio.to_thread(uploads.read, uri.removeprefix(SCHEME), owner)
        if data is None:
            raise BadImageError("there is no such upload, or it has expired, or its bytes were never sent")
        return data
    return await fetch_image(uri)


def _decode_data_uri(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImageError("the data is not valid base64") from error


def _clip(request: ImageToVideoRequest) -> ClipSpec:
    width, height = size_of(request.resolution)
    return ClipSpec(
        width=width,
        height=height,
        fps=request.fps,
        seconds=AUTOMATIC_SECONDS if request.duration is None else request.duration,
        motion=request.camera_motion,
        has_sound=request.generate_audio,
    )


def _check_same_body(job: Job, fingerprint: str) -> Job:
    if job.fingerprint != fingerprint:
        raise ContractError(INVALID_REQUEST, "this Idempotency-Key was already used with another body")
    return job


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
