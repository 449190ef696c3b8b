"""Read generations: one by id with its permission check, and the exported data of a person."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from generations.accounts.access import require
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError

from .models import Generation, GenerationQuerySet

EXPORTED_FIELDS = (
    "id",
    "state",
    "prompt",
    "model",
    "resolution",
    "fps",
    "duration",
    "camera_motion",
    "generate_audio",
    "price",
    "error_type",
    "error_message",
    "created_at",
    "finished_at",
)


def access_generation(user: User | AnonymousUser, generation_id: UUID, right: Right = Right.VIEW) -> Generation:
    """Return the generation with author and media loaded.

    A member sees finished takes of the team and all of their own jobs; other people's unfinished jobs need
    Right.MANAGE_JOBS, and are otherwise not found. Outsiders get NotFoundError.
    """
    if not user.is_authenticated:
        raise NotFoundError
    generation = Generation.objects.with_media().select_related("team", "api_key").filter(pk=generation_id).first()
    if generation is None:
        raise NotFoundError
    memberships = Membership.objects.select_related("team", "user").filter(deactivated_at__isnull=True)
    membership = memberships.filter(team=generation.team_id, user=user).first()
    if membership is None or not _can_see(membership, generation):
        raise NotFoundError
    require(membership, right)
    return generation


def visible_generations(membership: Membership) -> GenerationQuerySet:
    """Jobs that the member may see in a list: the team's with Right.MANAGE_JOBS, else their own."""
    jobs = Generation.objects.of_team(membership.team)
    return jobs if membership.can(Right.MANAGE_JOBS) else jobs.filter(author=membership.user)


def _can_see(membership: Membership, generation: Generation) -> bool:
    is_own = generation.author_id == membership.user_id
    return is_own or bool(generation.video_id) or membership.can(Right.MANAGE_JOBS)


def generations_of(user: User) -> Iterator[dict[str, Any]]:
    """Yield everything that the person has submitted, oldest first, with its settings and the slug of its team."""
    rows = Generation.objects.filter(author=user).order_by("created_at", "id")
    for row in rows.values(*EXPORTED_FIELDS, "team__slug").iterator(chunk_size=500):
        yield {"team": row.pop("team__slug"), **row}
