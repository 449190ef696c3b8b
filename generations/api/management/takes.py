"""Takes: finished videos, with URLs that need no key until they expire."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.accounts.api_keys import Caller
from generations.common.errors import NotFoundError
from generations.common.pagination import keyset_page
from generations.library.models import Take
from generations.media.models import Asset
from generations.media.serving import signed_url

from .auth import READ, ApiRequest
from .generations import GenerationOut, JobFilters, settings_of
from .openapi import errors
from .schemas import Moment, PageOut

router = Router(tags=["Takes"])


class VideoOut(BaseModel):
    """An MP4 file. Its URL supports HEAD and range requests."""

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
    """A finished video with the settings of its generation. Its URLs need no key until they expire."""

    video: VideoOut
    poster_url: str
    first_frame_url: str
    last_frame_url: str | None
    urls_expire_at: Moment
    is_late: bool = Field(description="Completed after its credits were refunded. It was not charged.")

    @classmethod
    def of_take(cls, take: Take) -> "TakeOut":
        life = settings.RESULT_URL_LIFE
        return cls.model_validate(
            {
                **settings_of(take.generation),
                "video": VideoOut.of(take.video, life),
                "poster_url": signed_url(take.poster_id, name="poster.jpg", life=life),
                "first_frame_url": signed_url(take.shot.first_frame_id, name="first-frame", life=life),
                "last_frame_url": take.last_frame_id and signed_url(take.last_frame_id, name="last-frame", life=life),
                "urls_expire_at": timezone.now() + life,
                "is_late": take.is_late,
            }
        )


@router.get("", auth=READ, response=PageOut[TakeOut], operation_id="list_takes")
def list_takes(request: ApiRequest, filters: Query[JobFilters]) -> PageOut[TakeOut]:
    """List the team's takes, newest first."""
    takes = filters.apply(_takes(request.auth))
    page = keyset_page(takes, cursor=filters.cursor, size=filters.limit)
    return PageOut(data=[TakeOut.of_take(take) for take in page.rows], next_cursor=page.next_cursor)


@router.get("/{uuid:generation_id}", auth=READ, response=TakeOut, operation_id="get_take", openapi_extra=errors(404))
def get_take(request: ApiRequest, generation_id: UUID) -> TakeOut:
    """Get one take. A generation without a finished video is not a take."""
    take = _takes(request.auth).filter(pk=generation_id).first()
    if take is None:
        raise NotFoundError
    return TakeOut.of_take(take)


def _takes(caller: Caller) -> QuerySet[Take]:
    generation = [f"generation__{name}" for name in ("author", "api_key", "hold", "first_frame", "last_frame")]
    return Take.objects.visible_to(caller).select_related("shot", "video", *generation)
