"""A submit, from key and body to a job on disk and in the queue."""

import asyncio
import hashlib
import json
from weakref import WeakValueDictionary

from generations.contract.errors import INVALID_REQUEST
from generations.contract.rules import InvalidRequestError, parse_request
from generations.contract.schemas import ImageToVideoRequest
from generations.contract.support import size_of

from .errors import RefusedError
from .images import BadImageError, check_image
from .jobs import ClipSpec, Job, JobStore, new_job
from .pool import RenderPool
from .sources import read_image_uri
from .uploads import UploadStore

AUTOMATIC_SECONDS = 8  # what `duration: null` means here; every model that allows it offers this length
MAX_KEY_CHARS = 255
DECODERS = 2  # images decoded at once, which bounds the memory of a rush


class Submissions:
    """Accepts requests. The same idempotency key with the same body gives the same job, also after a restart."""

    def __init__(self, jobs: JobStore, uploads: UploadStore, pool: RenderPool) -> None:
        self._jobs, self._uploads, self._pool = jobs, uploads, pool
        self._decoders = asyncio.Semaphore(DECODERS)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def submit(self, *, owner: str, idempotency_key: str | None, body: object) -> Job:
        """Return the job for a request. Raises RefusedError; then nothing is stored."""
        try:
            request = parse_request(body)
        except InvalidRequestError as error:
            raise RefusedError(INVALID_REQUEST, str(error)) from error
        fingerprint = _digest(json.dumps(body, sort_keys=True))
        if idempotency_key is None:
            return await self._accept(request, owner, None, fingerprint)
        if not 0 < len(idempotency_key) <= MAX_KEY_CHARS:
            raise RefusedError(INVALID_REQUEST, f"an Idempotency-Key has 1 to {MAX_KEY_CHARS} characters")
        key = _digest(idempotency_key)
        async with self._locks.setdefault((owner, key), asyncio.Lock()):
            if known := self._jobs.with_key(owner, key):
                return _same(known, fingerprint)
            return await self._accept(request, owner, key, fingerprint)

    async def _accept(self, request: ImageToVideoRequest, owner: str, key: str | None, fingerprint: str) -> Job:
        with self._pool.place() as place:
            first = await self._image("image_uri", request.image_uri, owner)
            last = (
                await self._image("last_frame_uri", request.last_frame_uri, owner) if request.last_frame_uri else None
            )
            job = new_job(owner=owner, idempotency_key=key, fingerprint=fingerprint, clip=_clip(request))
            await asyncio.to_thread(self._jobs.add, job, first=first, last=last)
            place.fill(job)
        return job

    async def _image(self, field: str, uri: str, owner: str) -> bytes:
        try:
            data = await read_image_uri(uri, owner=owner, uploads=self._uploads)
            async with self._decoders:
                await asyncio.to_thread(check_image, data)
        except BadImageError as error:
            raise RefusedError(INVALID_REQUEST, f"{field}: {error}") from error
        return data


def digest_of_key(api_key: str) -> str:
    """Name an owner without keeping the key."""
    return _digest(api_key)


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


def _same(job: Job, fingerprint: str) -> Job:
    if job.fingerprint != fingerprint:
        raise RefusedError(INVALID_REQUEST, "this Idempotency-Key was used before with another body")
    return job


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
