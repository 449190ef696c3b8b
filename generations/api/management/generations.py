"""Generations: every job of the team that the key may see, in whatever state."""

from typing import Annotated, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.common.pagination import keyset_page
from generations.jobs.cancel_retry import cancel_generation, retry_generation
from generations.jobs.models import Generation, State
from generations.jobs.queue import place_in_queue
from generations.library.models import Take
from generations.media.models import Asset

from .access import access_generation, visible_generations
from .auth import GENERATE, READ_OR_GENERATE, ApiRequest
from .openapi import errors
from .schemas import KeyName, Moment, PageOut, PageParams, Person, RowId, Text, When

router = Router(tags=["Generations"])


class Still(BaseModel):
    id: UUID
    width: int
    height: int

    @classmethod
    def of(cls, asset: Asset) -> "Still":
        return cls(id=asset.pk, width=asset.width, height=asset.height)


class Failure(BaseModel):
    type: str
    message: str


class GenerationOut(BaseModel):
    """One job with its settings. `price` is what was held for it, `charged` what it cost in the end, in credits."""

    id: UUID
    state: State
    prompt: str
    model: str
    duration: int | None = Field(description="Seconds; null left the length to the model.")
    resolution: str
    fps: int
    camera_motion: str | None
    generate_audio: bool
    first_frame: Still
    last_frame: Still | None
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
    place: int | None = Field(description="While it waits: at the latest the how-manieth it is to be sent.")

    @classmethod
    def of(cls, job: Generation) -> "GenerationDetail":
        return cls.model_validate({**settings_of(job), "place": place_in_queue(job)})


Row = TypeVar("Row", Generation, Take)


class JobFilters(PageParams):
    model: Text | None = Field(None, max_length=40)
    author: RowId | None = Field(None, description="Id of a member.")
    created_from: When | None = Field(None, description="At this moment or later.")
    created_before: When | None = None
    q: Annotated[Text, Field(max_length=200)] | None = Field(None, description="Words that stand in the prompt.")

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
    state: list[State] = Field([], description="Repeat it for several.")

    def apply(self, jobs: QuerySet[Row]) -> QuerySet[Row]:
        found = super().apply(jobs)
        return found.filter(state__in=self.state) if self.state else found


@router.get("", auth=READ_OR_GENERATE, response=PageOut[GenerationOut], operation_id="list_generations")
def list_generations(request: ApiRequest, filters: Query[GenerationFilters]) -> PageOut[GenerationOut]:
    """Jobs, newest first. The scope `manage` shows everybody's, `read` one's own and all finished takes."""
    found = filters.apply(visible_generations(request.auth))
    page = keyset_page(found, cursor=filters.cursor, size=filters.limit)
    return PageOut(data=[GenerationOut.of(job) for job in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/{uuid:generation_id}",
    auth=READ_OR_GENERATE,
    response=GenerationDetail,
    operation_id="get_generation",
    openapi_extra=errors(404),
)
def get_generation(request: ApiRequest, generation_id: UUID) -> GenerationDetail:
    """One job, with its place in the queue while it waits."""
    return GenerationDetail.of(access_generation(request.auth, generation_id))


@router.post(
    "/{uuid:generation_id}/cancel",
    auth=GENERATE,
    response=GenerationDetail,
    operation_id="cancel_generation",
    openapi_extra=errors(404, 409),
)
def cancel(request: ApiRequest, generation_id: UUID) -> GenerationDetail:
    """Take a waiting job back and return its credits. 409 once it is with the provider; canceled twice is fine."""
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
    """Submit a job that failed or was canceled once more, for no more than it cost. Asked twice, the same new job."""
    job = access_generation(request.auth, generation_id)
    caller = request.auth
    again = retry_generation(membership=caller.membership, generation=job, api_key=caller.key)
    return GenerationDetail.of(access_generation(request.auth, again.pk))


def settings_of(job: Generation) -> dict[str, object]:
    """The members of `GenerationOut`, from a row with media, author, hold and key loaded."""
    same = ("id", "state", "prompt", "model", "duration", "resolution", "fps", "generate_audio", "price")
    return {
        **{name: getattr(job, name) for name in same},
        "camera_motion": job.camera_motion or None,
        "first_frame": Still.of(job.first_frame),
        "last_frame": Still.of(job.last_frame) if job.last_frame else None,
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
