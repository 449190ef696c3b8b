"""Read generations: one by id if the viewer may see it, the active ones of a member, the exported data of a person."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from generations.accounts.access import Viewer
from generations.accounts.models import Membership, User
from generations.common.errors import NotFoundError

from .models import Generation

MAX_RUNNING = 24
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


def access_generation(viewer: Viewer, generation_id: UUID) -> Generation:
    """Return a generation that the viewer may see, with author, hold and media loaded. Raises NotFoundError."""
    visible = Generation.objects.visible_to(viewer).with_media().select_related("team", "api_key", "hold")
    generation = visible.filter(pk=generation_id).first()
    if generation is None:
        raise NotFoundError
    return generation


def running_jobs(membership: Membership) -> list[Generation]:
    """Return the member's own active jobs of the team, newest first."""
    jobs = Generation.objects.of_team(membership.team).filter(membership.own).in_flight()
    return list(jobs.with_media().order_by("-created_at", "-id")[:MAX_RUNNING])


def generations_of(user: User) -> Iterator[dict[str, Any]]:
    """Yield everything that the person has submitted, oldest first, with its settings and the slug of its team."""
    rows = Generation.objects.filter(author=user).order_by("created_at", "id")
    for row in rows.values(*EXPORTED_FIELDS, "team__slug").iterator(chunk_size=500):
        yield {"team": row.pop("team__slug"), **row}
