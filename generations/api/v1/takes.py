"""Takes: finished generations with their videos, by addresses that need no key for a while."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.common.pagination import keyset_page
from generations.jobs.models import Generation, State
from generations.media.models import Asset
from generations.media.serving import signed_url

from .access import access_generation, visible_generations
from .auth import READ, ApiRequest
from .generations import GenerationOut, JobFilters, settings_of
from .openapi import refuses
from .shapes import Moment, PageOut

router = Router(tags=["Takes"])


class VideoOut(BaseModel):
    """An MP4. Its address answers HEAD and byte ranges."""

    url: str
    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    bytes: int
    has_audio: bool

    @classmethod
    def of(cls, video: Asset, life: timedelta) -> "VideoOut":
        same = ("width", "height", "frames", "fps", "seconds", "bytes", "has_audio")
        url = signed_url(video.pk, name="take.mp4", life=life)
        return cls(url=url, **{name: getattr(video, name) for name in same})


class TakeOut(GenerationOut):
    """A generation that is completed. The addresses need no key; whoever has one may use it until they expire."""

    video: VideoOut
    poster_url: str
    first_frame_url: str
    last_frame_url: str | None
    urls_expire_at: Moment
    is_late: bool = Field(description="Came after its credits had been returned, and cost nothing.")

    @classmethod
    def of(cls, job: Generation) -> "TakeOut":
        life = settings.RESULT_URL_LIFE
        return cls.model_validate(
            {
                **settings_of(job),
                "video": job.video and VideoOut.of(job.video, life),
                "poster_url": job.poster and signed_url(job.poster.pk, name="poster.jpg", life=life),
                "first_frame_url": signed_url(job.first_frame.pk, name="first-frame", life=life),
                "last_frame_url": job.last_frame and signed_url(job.last_frame.pk, name="last-frame", life=life),
                "urls_expire_at": timezone.now() + life,
                "is_late": job.is_late,
            }
        )


@router.get("", auth=READ, response=PageOut[TakeOut], operation_id="list_takes")
def list_takes(request: ApiRequest, filters: Query[JobFilters]) -> PageOut[TakeOut]:
    """The team's finished takes, newest first."""
    takes = filters.apply(visible_generations(request.auth).finished())
    page = keyset_page(takes, cursor=filters.cursor, size=filters.limit)
    return PageOut(data=[TakeOut.of(take) for take in page.rows], next_cursor=page.next_cursor)


@router.get("/{uuid:generation_id}", auth=READ, response=TakeOut, operation_id="get_take", openapi_extra=refuses(404))
def get_take(request: ApiRequest, generation_id: UUID) -> TakeOut:
    """One take. A generation that is not finished, or has failed, is no take."""
    return TakeOut.of(access_generation(request.auth, generation_id, State.COMPLETED))
