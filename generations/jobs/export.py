"""A person's work as plain values."""

from collections.abc import Iterator
from typing import Any

from generations.accounts.models import User

from .models import Generation

FACTS = (
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


def generations_of(user: User) -> Iterator[dict[str, Any]]:
    """Everything that the person has submitted, oldest first, with its settings and the slug of its team."""
    rows = Generation.objects.filter(author=user).order_by("created_at", "id")
    for row in rows.values(*FACTS, "team__slug").iterator(chunk_size=500):
        yield {"team": row.pop("team__slug"), **row}
