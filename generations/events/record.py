"""Record events and audit entries."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from generations.common.client_address import current_client_address

from .kinds import AdminKind, EventKind
from .models import Event


def record_event(
    kind: EventKind,
    *,
    team_id: int | None,
    actor_id: int | None = None,
    subject_id: UUID | None = None,
    **data: Any,
) -> Event:
    """Store one event; `data` holds JSON values only. Call it inside the transaction of the change itself."""
    return Event.objects.create(kind=kind, team_id=team_id, actor_id=actor_id, subject_id=subject_id, data=data)


def record_audit(
    kind: EventKind | AdminKind,
    *,
    team_id: int | None,
    actor_id: int | None,
    subject_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> Event:
    """Store one administrative act: the actor, the values before and after, and the client address.

    `before` and `after` contain only what changed, JSON values by name, never a secret. `data` contains further facts,
    such as the `name` or `email` of the subject. Call it inside the transaction of the change itself.
    """
    changes = {name: dict(values) for name, values in (("before", before), ("after", after)) if values}
    return Event.objects.create(
        kind=kind,
        team_id=team_id,
        actor_id=actor_id,
        subject_id=subject_id,
        data={**data, **changes},
        is_audit=True,
        address=current_client_address(),
    )
