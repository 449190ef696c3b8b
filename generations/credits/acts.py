"""Administrative acts of the credit desk, for the trail: who, what, before and after."""

from typing import Any

from generations.accounts.models import Team, User
from generations.events.record import record_event


def record_act(
    kind: str, *, team: Team | None, actor: User | None, before: Any = None, after: Any = None, **data: Any
) -> None:
    """`before` and `after` hold JSON values. Call it inside the transaction of the change itself."""
    record_event(
        kind,
        team_id=team.pk if team else None,
        actor_id=actor.pk if actor else None,
        before=before,
        after=after,
        **data,
    )
