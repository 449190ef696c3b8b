"""Save a finished video: download it completely, decode every frame, store it, then charge for it.

The provider forgets a job after a day and its URL sooner, so each try starts with a new poll. An error here never means
that the job failed. A video that cannot be downloaded is tried again until the window has passed. A video that cannot
be stored, because the disk is full or the storage fails, is tried again without a limit.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from filelock import FileLock, Timeout

from generations.common.clock import database_now
from generations.common.failpoints import failpoint
from generations.contract.support import size_of
from generations.events.kinds import EventKind
from generations.events.record import record_event
from generations.events.staff_alerts import close_alert, open_alert
from generations.media.storages import StorageError
from generations.media.videos import (
    BadVideoError,
    VideoFacts,
    inspect_video,
    make_poster,
    store_poster,
    store_video,
)
from generations.upstream.download import download
from generations.upstream.errors import DownloadError
from generations.upstream.outcomes import Completed

from .attempts import provider
from .dispatch import quarantine
from .models import Attempt, Generation, Outcome, State
from .schedule import back_off
from .transitions import Lease, acquire_lease, complete_generation, fail_generation

ALERT = "storage"
FOLDER_PREFIX = "dailies-take-"

log = structlog.get_logger(__name__)


def save_generation(generation_id: UUID, fence: int) -> None:
    """Save a generation in `saving`, if the fence of the message is still the fence of the row."""
    lease = acquire_lease(generation_id, fence, State.SAVING)
    if lease is None:
        return
    attempt = Attempt.objects.select_related(
        "generation__team", "generation__author", "generation__api_key", "generation__last_frame"
    ).get(generation=generation_id, outcome=Outcome.ACCEPTED)
    if attempt.generation.losses >= settings.MAX_LOSSES:
        quarantine(attempt.generation, lease)
        return
    try:
        _save(attempt.generation, lease, _fresh_url(attempt))
    except (DownloadError, BadVideoError, StorageError, OSError) as error:
        _try_again(attempt.generation, lease, error)


def _fresh_url(attempt: Attempt) -> str:
    outcome = provider().poll(attempt.provider_job_id)
    if not isinstance(outcome, Completed):
        raise DownloadError(f"no video URL: {type(outcome).__name__}")
    return outcome.video_url


def _save(generation: Generation, lease: Lease, url: str) -> None:
    renew = _renewal(lease)
    with working_folder() as folder:
        path = folder / "take.mp4"
        with path.open("w+b") as target:
            downloaded = download(
                url,
                target,
                max_bytes=settings.VIDEO_MAX_BYTES,
                deadline_seconds=settings.VIDEO_DEADLINE.total_seconds(),
                on_chunk=lambda _: renew(),
            )
        facts = inspect_video(path, on_progress=renew)
        lease.renew()
        failpoint("take.inspected")
        team, author = generation.team, generation.author
        video = store_video(team=team, uploader=author, path=path, facts=facts, sha256=downloaded.sha256)
        poster = store_poster(team=team, uploader=author, poster=make_poster(path))
    _record_differences(generation, facts)
    failpoint("take.stored")
    complete_generation(generation, lease, video=video, poster=poster)
    close_alert(ALERT)


def _renewal(lease: Lease) -> Callable[[], None]:
    """Return a function that renews the lease when a third of it has passed, however often it is called."""
    interval = settings.LEASE.total_seconds() / 3
    due = monotonic() + interval

    def renew() -> None:
        nonlocal due
        if monotonic() >= due:
            lease.renew()
            due = monotonic() + interval

    return renew


def _record_differences(generation: Generation, facts: VideoFacts) -> None:
    """Record an event if the video differs from the request. It is delivered all the same."""
    frames = facts.frames if generation.duration is None else generation.duration * generation.fps
    asked = (*size_of(generation.resolution), frames, generation.generate_audio)
    came = (facts.width, facts.height, facts.frames, facts.has_audio)
    if asked != came:
        record_event(
            EventKind.TAKE_DIFFERS, team_id=generation.team_id, subject_id=generation.pk, asked=asked, came=came
        )


def _try_again(generation: Generation, lease: Lease, error: Exception) -> None:
    failures = generation.failures + 1
    log.warning("saving_failed", generation_id=str(generation.pk), failures=failures, error=str(error))
    is_storage = isinstance(error, (StorageError, OSError))
    if is_storage:
        open_alert(ALERT, "Finished videos cannot be saved: the storage is full or failing. They are waiting.")
    if is_storage or database_now() - generation.state_since < settings.SAVING_WINDOW:
        lease.defer(back_off(failures), failures=failures)
        return
    fail_generation(
        generation,
        lease,
        error_type="video_lost",
        message="The video was generated but could not be downloaded. Your credits were refunded.",
        may_have_cost=True,
    )


@contextmanager
def working_folder() -> Iterator[Path]:
    """Provide a temporary folder and remove it at the end. A video in it can have two gigabytes.

    A killed worker removes nothing, so each folder has a lock file beside it. The kernel releases the lock with the
    process, and the next call removes the folders whose lock is free.
    """
    _remove_abandoned()
    folder = Path(tempfile.gettempdir(), f"{FOLDER_PREFIX}{uuid4().hex}")
    with FileLock(folder.with_suffix(".lock")):
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)


def _remove_abandoned() -> None:
    for lock_path in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*.lock"):
        # Skip a folder that is in use, that another process has just removed, or that belongs to another user.
        with suppress(Timeout, OSError), FileLock(lock_path, blocking=False):
            _remove(lock_path.with_suffix(""))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)
