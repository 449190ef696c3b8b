"""Tell one fact. It commits with the change that it tells of."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from .models import Event
from .origin import current_address


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


def record_audit(
    kind: str,
    *,
    team_id: int | None,
    actor_id: int | None,
    subject_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> Event:
    """Store one administrative act: who did what, what was there before and after, and from which address.

    `before` and `after` hold what changed alone, JSON values by name, never a secret. `data` is what else there is to
    say, such as `name` or `email` of whom or what it was about.
    """
    changes = {name: dict(values) for name, values in (("before", before), ("after", after)) if values}
    return Event.objects.create(
        kind=kind,
        team_id=team_id,
        actor_id=actor_id,
        subject_id=subject_id,
        data={**data, **changes},
        is_audit=True,
        address=current_address(),
    )
