"""The jobs. Each is a folder on disk with `job.json`, the images and, when it is completed, `video.mp4`.

- A job is accepted when its `job.json` is on the disk. Only then does the client get a response.
- Memory holds a copy of every record; after a restart the records are read from the disk.
- Jobs that are unfinished when the engine starts are rendered from the beginning.
- A job belongs to the key that submitted it; for any other key it does not exist.
- It is deleted when the retention after its end is over.
"""

import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from generations.contract.schemas import CameraMotion, Completed, ErrorDetail, Failed, JobStatus, Pending, Result

from .disk import sync_folder, write_atomically

log = logging.getLogger(__name__)

FIRST_FRAME, LAST_FRAME, VIDEO, RECORD = "first", "last", "video.mp4", "job.json"


class ClipSpec(BaseModel):
    """What to render, without the images."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    fps: int
    seconds: int
    motion: CameraMotion | None
    has_sound: bool


class Job(BaseModel):
    """One accepted request. `owner`, `idempotency_key` and `fingerprint` (of the body) are hashes."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    owner: str
    idempotency_key: str | None
    fingerprint: str
    created_at: AwareDatetime
    clip: ClipSpec
    status: Literal["pending", "processing", "completed", "failed"] = "pending"
    crashes: int = 0
    completed_at: AwareDatetime | None = None
    error: ErrorDetail | None = None

    @property
    def is_finished(self) -> bool:
        return self.status in ("completed", "failed")

    def changed(self, **fields: object) -> "Job":
        return self.model_copy(update=fields)

    def is_expired(self, now: datetime, retention: timedelta) -> bool:
        return self.completed_at is not None and self.completed_at + retention <= now

    def as_status(self, video_url: str) -> JobStatus:
        """Return the response to a poll."""
        if self.completed_at is None:
            status: Literal["pending", "processing"] = "processing" if self.status == "processing" else "pending"
            return Pending(id=self.id, status=status, created_at=self.created_at)
        if self.error is not None:
            return Failed(id=self.id, created_at=self.created_at, completed_at=self.completed_at, error=self.error)
        return Completed(
            id=self.id,
            created_at=self.created_at,
            completed_at=self.completed_at,
            result=Result(video_url=video_url),
        )


def new_job(*, owner: str, idempotency_key: str | None, fingerprint: str, clip: ClipSpec) -> Job:
    return Job(
        id=uuid4(),
        owner=owner,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        created_at=datetime.now(UTC),
        clip=clip,
    )


class JobStore:
    """All jobs of one data directory. Methods write to the disk before they return: call them in a thread."""

    def __init__(self, root: Path, retention: timedelta) -> None:
        self._root, self._retention = root, retention
        self._jobs: dict[UUID, Job] = {}
        self._by_key: dict[tuple[str, str], UUID] = {}
        root.mkdir(parents=True, exist_ok=True)
        for folder in sorted(root.iterdir()):
            if job := _read_record(folder):
                self._add_to_memory(job)

    def folder(self, job_id: UUID) -> Path:
        return self._root / str(job_id)

    def video(self, job_id: UUID) -> Path:
        return self.folder(job_id) / VIDEO

    def get(self, job_id: UUID) -> Job | None:
        """Return a job, or None if it is unknown or has expired."""
        job = self._jobs.get(job_id)
        return None if job is None or job.is_expired(datetime.now(UTC), self._retention) else job

    def with_key(self, owner: str, idempotency_key: str) -> Job | None:
        """Return the job that this owner submitted with an idempotency key, if there is one."""
        job_id = self._by_key.get((owner, idempotency_key))
        return self.get(job_id) if job_id else None

    def unfinished(self) -> list[Job]:
        """List the jobs that are not rendered yet, oldest first."""
        return sorted((job for job in self._jobs.values() if not job.is_finished), key=lambda job: job.created_at)

    def add(self, job: Job, *, first: bytes, last: bytes | None) -> None:
        """Store a new job with its images, unchanged."""
        folder = self.folder(job.id)
        folder.mkdir()
        try:
            write_atomically(folder / FIRST_FRAME, first)
            if last is not None:
                write_atomically(folder / LAST_FRAME, last)
            write_atomically(folder / RECORD, job.model_dump_json().encode())
            sync_folder(self._root)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._add_to_memory(job)

    def save(self, job: Job) -> None:
        """Store a change. If the write fails, the change stays in memory, and a restart renders the job again."""
        self._add_to_memory(job)
        try:
            write_atomically(self.folder(job.id) / RECORD, job.model_dump_json().encode())
        except OSError:
            log.exception("job %s: the record could not be written", job.id)

    def delete_expired(self) -> int:
        """Delete expired jobs, and return their number."""
        now = datetime.now(UTC)
        expired = [job for job in list(self._jobs.values()) if job.is_expired(now, self._retention)]
        for job in expired:
            shutil.rmtree(self.folder(job.id), ignore_errors=True)
            self._remove_from_memory(job)
        return len(expired)

    def _add_to_memory(self, job: Job) -> None:
        self._jobs[job.id] = job
        if job.idempotency_key:
            self._by_key[job.owner, job.idempotency_key] = job.id

    def _remove_from_memory(self, job: Job) -> None:
        del self._jobs[job.id]
        if job.idempotency_key and self._by_key.get((job.owner, job.idempotency_key)) == job.id:
            del self._by_key[job.owner, job.idempotency_key]


def _read_record(folder: Path) -> Job | None:
    """Read one job. Delete a folder without a record: its submit did not finish."""
    try:
        return Job.model_validate_json((folder / RECORD).read_bytes())
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)
    except (OSError, ValidationError):
        log.exception("%s is not readable; it is ignored", folder)
    return None
