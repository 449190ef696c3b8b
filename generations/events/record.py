"""Tell one fact. It commits with the change that it tells of."""

from typing import Any
from uuid import UUID

from .models import Event


def record_event(
    kind: str,
    *,
    team_id: int | None,
    actor_id: int | None = None,
    subject_id: UUID | None = None,
    **data: Any,
) -> Event:
    """Store one event; `data` holds JSON values only. Call it inside the transaction of the change itself."""
    return Event.objects.create(kind=kind, team_id=team_id, actor_id=actor_id, subject_id=subject_id, data=data)
