"""Who may work on a generation, and how its state moves.

Claiming a row raises its fence. Every later write names the state and the fence it expects; when no row
matches, somebody else has taken over and the holder stops. All times are the database's.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from generations.common.clock import database_time
from generations.events.live import announce

from .models import Generation
from .states import FINAL, State


class LostLeaseError(Exception):
    """Somebody else has the generation now. Stop; whatever was not committed is theirs to do."""


@dataclass(frozen=True)
class Lease:
    generation_id: UUID
    fence: int

    def renew(self) -> None:
        """Keep the row for another lease. Raises LostLeaseError."""
        self._write(lease_until=database_time(settings.LEASE))

    def defer(self, delay: timedelta, *, failures: int) -> None:
        """Give the row back in its present state, to be looked at again after the delay."""
        self._write(lease_until=None, next_action_at=database_time(delay), failures=failures, losses=0)

    def move(self, source: State, target: State, *, delay: timedelta = timedelta(0), **changes: Any) -> None:
        """Go from one state to another and give the row back. Raises LostLeaseError when it is not there any more."""
        is_final = target in FINAL
        self._write(
            source,
            state=target,
            state_since=Now(),
            lease_until=None,
            next_action_at=None if is_final else database_time(delay),
            finished_at=Now() if is_final else None,
            losses=0,
            **{"failures": 0, **changes},
        )
        announce_state(self.generation_id)

    def _write(self, source: State | None = None, **changes: Any) -> None:
        rows = Generation.objects.filter(pk=self.generation_id, fence=self.fence)
        if source:
            rows = rows.filter(state=source)
        if not rows.update(**changes):
            raise LostLeaseError


def take(generation_id: UUID, fence: int, *states: State) -> Lease | None:
    """Exchange the fence of a message for a lease, if nobody has done so before: of three deliveries one gets it."""
    taken = Generation.objects.filter(pk=generation_id, fence=fence, state__in=states).update(
        fence=F("fence") + 1, lease_until=database_time(settings.LEASE)
    )
    return Lease(generation_id, fence + 1) if taken else None


def take_over(generation: Generation) -> Lease:
    """Take the row from whoever has it, in the state that the caller has seen. Call it inside a transaction.

    The fence is raised, so that the holder's next write hits nothing. Raises LostLeaseError when the state has moved.
    """
    row = Generation.objects.select_for_update().filter(pk=generation.pk, state=generation.state)
    fence = row.values_list("fence", flat=True).first()
    if fence is None:
        raise LostLeaseError
    Generation.objects.filter(pk=generation.pk).update(fence=F("fence") + 1)
    return Lease(generation.pk, fence + 1)


def announce_state(generation_id: UUID) -> None:
    """Tell the pages that show this generation, once the change is committed."""
    row = Generation.objects.filter(pk=generation_id).values("team_id", "author_id", "state").get()
    announce(team_id=row["team_id"], kind="generation", subject_id=generation_id, state=row["state"])
