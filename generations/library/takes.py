"""Takes of a team: create, find, list."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from generations.accounts.access import require
from generations.accounts.models import ApiKey, Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.common.pagination import Page, keyset_page
from generations.media.models import Asset

from .models import Project, ReviewState, Shot, Take

PAGE_SIZE = 24


@dataclass(frozen=True)
class NewTake:
    """A finished video and the settings that it was made with. `price` is what was charged, in credits."""

    id: UUID
    author: User
    prompt: str
    model: str
    resolution: str
    fps: int
    camera_motion: str
    price: int
    video: Asset
    poster: Asset
    created_at: datetime
    last_frame: Asset | None = None
    api_key: ApiKey | None = None
    is_preview: bool = False
    is_late: bool = False


@dataclass(frozen=True)
class Neighbors:
    """The takes beside one in the gallery, with their ids only."""

    newer: Take | None
    older: Take | None


def find_shot(team_id: int, project: Project | None, first_frame: Asset) -> QuerySet[Shot]:
    """Select the shot of this first frame in the project; there is at most one."""
    return Shot.objects.filter(team=team_id, project=project, first_frame=first_frame)


def create_shot(team_id: int, project: Project | None, first_frame: Asset) -> Shot:
    """Create the shot of a first frame. Raises IntegrityError if another transaction has created it."""
    return Shot.objects.create(team_id=team_id, project=project, first_frame=first_frame)


@transaction.atomic
def create_take(shot_id: UUID, new: NewTake) -> Take:
    """Store a take under the next number of its shot. Locks the shot's row, so that no number is given twice."""
    shot = Shot.objects.select_for_update().get(pk=shot_id)
    shot.last_take_number += 1
    shot.save(update_fields=["last_take_number"])
    return Take.objects.create(
        team_id=shot.team_id,
        shot=shot,
        project_id=shot.project_id,
        number=shot.last_take_number,
        seconds=ceil(new.video.seconds or 0),
        has_audio=new.video.has_audio,
        **vars(new),
    )


def set_review_state(take: Take, state: ReviewState) -> None:
    """Store what the decisions on the take amount to; for the review room."""
    Take.objects.filter(pk=take.pk).update(review_state=state)


def access_take(membership: Membership, take_id: UUID, right: Right = Right.VIEW) -> Take:
    """Return a take of the member's team with author and media loaded.

    Raises NotFoundError for a take of another team, and ForbiddenError without the right.
    """
    take = Take.objects.visible_to(membership).with_media().filter(pk=take_id).first()
    if take is None:
        raise NotFoundError
    require(membership, right)
    return take


def gallery_page(membership: Membership, *, cursor: str | None, project: Project | None = None) -> Page[Take]:
    """Return one page of takes, newest first, of one project if it is given. One query. Raises BadCursorError."""
    takes = Take.objects.visible_to(membership).with_media()
    if project:
        takes = takes.filter(project=project)
    return keyset_page(takes, cursor=cursor, size=PAGE_SIZE)


def neighbors(take: Take) -> Neighbors:
    """Return the takes beside this one in the gallery. Two queries that walk the index of the gallery."""
    takes = Take.objects.filter(team_id=take.team_id).only("id")
    newer = takes.filter(Q(created_at__gt=take.created_at) | Q(id__gt=take.pk), created_at__gte=take.created_at)
    older = takes.filter(Q(created_at__lt=take.created_at) | Q(id__lt=take.pk), created_at__lte=take.created_at)
    return Neighbors(
        newer=newer.order_by("created_at", "id").first(),
        older=older.order_by("-created_at", "-id").first(),
    )
