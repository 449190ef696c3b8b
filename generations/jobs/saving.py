"""Bring a finished video home: download it whole, decode every frame, store it, then charge for it.

The provider forgets a job after a day and its URL sooner, so each try begins with a fresh poll. Nothing that goes
wrong here says anything against the job: a video that cannot be had is tried again until the window has passed, and
one that cannot be kept, because the disk is full or the storage fails, for as long as that takes.
"""

from collections.abc import Callable
from time import monotonic
from uuid import UUID

import structlog
from django.conf import settings

from generations.common.clock import database_now
from generations.common.failpoints import failpoint
from generations.contract.support import size_of
from generations.events.alerts import close_alert, open_alert
from generations.events.record import record_event
from generations.media.storage_errors import StorageError
from generations.media.videos import (
    BadVideoError,
    VideoFacts,
    inspect_video,
    make_poster,
    store_poster,
    store_video,
)
from generations.upstream.answers import Completed
from generations.upstream.download import download
from generations.upstream.errors import DownloadError

from .folders import take_folder
from .leases import Lease, take
from .models import Attempt, Generation, Outcome
from .pace import back_off
from .poison import set_aside
from .provider import provider
from .settle import complete_generation, fail_generation
from .states import State

ALERT = "storage"

log = structlog.get_logger(__name__)


def save_generation(generation_id: UUID, fence: int) -> None:
    """Work on a generation in `saving`, if the fence of the message is still the row's."""
    lease = take(generation_id, fence, State.SAVING)
    if lease is None:
        return
    attempt = Attempt.objects.select_related("generation__team", "generation__author").get(
        generation=generation_id, outcome=Outcome.ACCEPTED
    )
    if attempt.generation.losses >= settings.MAX_LOSSES:
        set_aside(attempt.generation, lease)
        return
    try:
        _save(attempt.generation, lease, _fresh_url(attempt))
    except (DownloadError, BadVideoError, StorageError, OSError) as error:
        _try_again(attempt.generation, lease, error)


def _fresh_url(attempt: Attempt) -> str:
    answer = provider().poll(attempt.provider_job_id)
    if not isinstance(answer, Completed):
        raise DownloadError(f"no video URL: {type(answer).__name__}")
    return answer.video_url


def _save(generation: Generation, lease: Lease, url: str) -> None:
    renew = _renewal(lease)
    with take_folder() as folder:
        path = folder / "take.mp4"
        with path.open("wb") as target:
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
    _note_differences(generation, facts)
    failpoint("take.stored")
    complete_generation(generation, lease, video=video, poster=poster)
    close_alert(ALERT)


def _renewal(lease: Lease) -> Callable[[], None]:
    """Renew the lease when a third of it has passed, however often it is called."""
    pause = settings.LEASE.total_seconds() / 3
    due = monotonic() + pause

    def renew() -> None:
        nonlocal due
        if monotonic() >= due:
            lease.renew()
            due = monotonic() + pause

    return renew


def _note_differences(generation: Generation, facts: VideoFacts) -> None:
    """A take that is not as ordered is delivered all the same, and told of."""
    frames = facts.frames if generation.duration is None else generation.duration * generation.fps
    asked = (*size_of(generation.resolution), frames, generation.generate_audio)
    came = (facts.width, facts.height, facts.frames, facts.has_audio)
    if asked != came:
        record_event("take.differs", team_id=generation.team_id, subject_id=generation.pk, asked=asked, came=came)


def _try_again(generation: Generation, lease: Lease, error: Exception) -> None:
    failures = generation.failures + 1
    log.warning("saving_failed", generation_id=str(generation.pk), failures=failures, error=str(error))
    is_ours = isinstance(error, (StorageError, OSError))
    if is_ours:
        open_alert(ALERT, "Finished videos cannot be kept: the disk is full, or the storage fails. They wait.")
    if is_ours or database_now() - generation.state_since < settings.SAVING_WINDOW:
        lease.defer(back_off(failures), failures=failures)
        return
    fail_generation(
        generation,
        lease,
        error_type="video_lost",
        message="The video was made but could not be brought home. Your credits are back.",
        may_have_cost=True,
    )
