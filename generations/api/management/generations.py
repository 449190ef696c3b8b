"""Generations: all of the team that the key may see, in any state."""

from typing import Annotated, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.common.pagination import keyset_page
from generations.jobs.cancel_retry import cancel_generation, retry_generation
from generations.jobs.models import Generation, State
from generations.jobs.queries import access_generation
from generations.jobs.queue import place_in_queue
from generations.library.models import Take
from generations.media.models import Asset

from .auth import GENERATE, READ_OR_GENERATE, ApiRequest
from .openapi import errors
from .schemas import KeyName, Moment, PageOut, PageParams, Person, RowId, Text, When

router = Router(tags=["Generations"])


class Image(BaseModel):
    id: UUID
    width: int
    height: int

    @classmethod
    def of(cls, asset: Asset) -> "Image":
        return cls(id=asset.pk, width=asset.width, height=asset.height)


class Failure(BaseModel):
    type: str
    message: str


class GenerationOut(BaseModel):
    """A generation with its settings. `price` is the reserved amount, `charged` the final cost, both in credits."""

    id: UUID
    state: State
    prompt: str
    model: str
    duration: int | None = Field(description="Duration in seconds; null if the model chose it.")
    resolution: str
    fps: int
    camera_motion: str | None
    generate_audio: bool
    first_frame: Image
    last_frame: Image | None
    author: Person
    api_key: KeyName | None
    price: int
    charged: int | None
    error: Failure | None
    retry_of: UUID | None
    is_preview: bool = Field(description="Rendered by the local engine, without a generative model.")
    created_at: Moment
    state_since: Moment
    finished_at: Moment | None

    @classmethod
    def of(cls, job: Generation) -> "GenerationOut":
        return cls.model_validate(settings_of(job))


class GenerationDetail(GenerationOut):
    place: int | None = Field(description="Maximum position in the queue while queued.")

    @classmethod
    def of(cls, job: Generation) -> "GenerationDetail":
        return cls.model_validate({**settings_of(job), "place": place_in_queue(job)})


Row = TypeVar("Row", Generation, Take)


class JobFilters(PageParams):
    model: Text | None = Field(None, max_length=40)
    author: RowId | None = Field(None, description="Id of a member.")
    created_from: When | None = Field(None, description="At this time or later.")
    created_before: When | None = None
    q: Annotated[Text, Field(max_length=200)] | None = Field(None, description="Filter by words in the prompt.")

    def apply(self, jobs: QuerySet[Row]) -> QuerySet[Row]:
        wanted = {
            "model": self.model,
            "author": self.author,
            "created_at__gte": self.created_from,
            "created_at__lt": self.created_before,
            "prompt__icontains": self.q,
        }
        return jobs.filter(**{lookup: value for lookup, value in wanted.items() if value})


class GenerationFilters(JobFilters):
    state: list[State] = Field([], description="Repeat for several states.")

    def apply_states(self, generations: QuerySet[Generation]) -> QuerySet[Generation]:
        return generations.filter(state__in=self.state) if self.state else generations


@router.get("", auth=READ_OR_GENERATE, response=PageOut[GenerationOut], operation_id="list_generations")
def list_generations(request: ApiRequest, filters: Query[GenerationFilters]) -> PageOut[GenerationOut]:
    """List generations, newest first. With `manage` all of the team, with `read` your own and all that have a take."""
    visible = Generation.objects.visible_to(request.auth).with_media().select_related("hold", "api_key")
    page = keyset_page(filters.apply_states(filters.apply(visible)), cursor=filters.cursor, size=filters.limit)
    return PageOut(data=[GenerationOut.of(job) for job in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/{uuid:generation_id}",
    auth=READ_OR_GENERATE,
    response=GenerationDetail,
    operation_id="get_generation",
    openapi_extra=errors(404),
)
def get_generation(request: ApiRequest, generation_id: UUID) -> GenerationDetail:
    """Get a generation, with its position in the queue while it is queued."""
    return GenerationDetail.of(access_generation(request.auth, generation_id))


@router.post(
    "/{uuid:generation_id}/cancel",
    auth=GENERATE,
    response=GenerationDetail,
    operation_id="cancel_generation",
    openapi_extra=errors(404, 409),
)
def cancel(request: ApiRequest, generation_id: UUID) -> GenerationDetail:
    """Cancel a queued generation and refund its credits. 409 once it was sent. A second call changes nothing."""
    job = access_generation(request.auth, generation_id)
    cancel_generation(membership=request.auth.membership, generation=job)
    return GenerationDetail.of(access_generation(request.auth, generation_id))


@router.post(
    "/{uuid:generation_id}/retry",
    auth=GENERATE,
    response={202: GenerationDetail},
    operation_id="retry_generation",
    openapi_extra=errors(402, 404, 409),
)
def retry(request: ApiRequest, generation_id: UUID) -> GenerationDetail:
    """Submit a failed or canceled generation again, at its price or less. A second call returns the same new one."""
    job = access_generation(request.auth, generation_id)
    caller = request.auth
    again = retry_generation(membership=caller.membership, generation=job, api_key=caller.key)
    return GenerationDetail.of(access_generation(request.auth, again.pk))


def settings_of(job: Generation) -> dict[str, object]:
    """Return the fields of `GenerationOut`. Media, author, hold and key must be loaded."""
    same = ("id", "state", "prompt", "model", "duration", "resolution", "fps", "generate_audio", "price")
    return {
        **{name: getattr(job, name) for name in same},
        "camera_motion": job.camera_motion or None,
        "first_frame": Image.of(job.first_frame),
        "last_frame": Image.of(job.last_frame) if job.last_frame else None,
        "author": Person.of(job.author),
        "api_key": KeyName.of(job.api_key),
        "charged": job.hold.captured,
        "error": Failure(type=job.error_type, message=job.error_message) if job.state == State.FAILED else None,
        "retry_of": job.retry_of_id,
        "is_preview": job.is_preview,
        "created_at": job.created_at,
        "state_since": job.state_since,
        "finished_at": job.finished_at,
    }
