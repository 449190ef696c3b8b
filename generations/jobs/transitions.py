"""The only writer of `Generation.state`.

- Acquiring a row raises its fence. Every later write names the fence it expects, and a state change also the state.
  If no row matches, another worker has the row: LostLeaseError, and the caller stops.
- Each change is announced to open pages after the commit. Changes that have an event kind record the event.
- Money and state change in one transaction. Locks are taken in the order wallet, hold, shot, generation.
- All times are the database's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from generations.accounts.models import User
from generations.common.clock import database_time
from generations.credits.holds import capture_hold, release_hold
from generations.events.kinds import EventKind
from generations.events.live import announce
from generations.events.record import record_audit, record_event
from generations.library.takes import NewTake, create_take
from generations.media.models import Asset

from .models import FINAL, Attempt, Bill, Generation, Outcome, State


class LostLeaseError(Exception):
    """Another worker has the generation now. Stop; it will do whatever was not committed."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a generation, until it expires or another worker acquires the row."""

    generation_id: UUID
    fence: int

    def renew(self) -> None:
        """Extend the lease. Raises LostLeaseError."""
        self._write(lease_until=database_time(settings.LEASE))

    def defer(self, delay: timedelta, *, failures: int) -> None:
        """Release the row in its current state and make it due again after the delay. Raises LostLeaseError."""
        self._write(lease_until=None, next_action_at=database_time(delay), failures=failures, losses=0)

    def move(self, source: State, target: State, *, delay: timedelta = timedelta(0), **changes: Any) -> None:
        """Change the state and release the row; it is due again after the delay. Raises LostLeaseError."""
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


def acquire_lease(generation_id: UUID, fence: int, *states: State) -> Lease | None:
    """Exchange the fence of a message for a lease. Of several deliveries of one message only the first gets it."""
    acquired = Generation.objects.filter(pk=generation_id, fence=fence, state__in=states).update(
        fence=F("fence") + 1, lease_until=database_time(settings.LEASE)
    )
    return Lease(generation_id, fence + 1) if acquired else None


def preempt_lease(generation: Generation) -> Lease:
    """Acquire the row even if a worker holds it, in the state that the caller has read. Call it in a transaction.

    The fence is raised, so the holder's next write fails. Raises LostLeaseError if the state has changed.
    """
    row = Generation.objects.select_for_update().filter(pk=generation.pk, state=generation.state)
    fence = row.values_list("fence", flat=True).first()
    if fence is None:
        raise LostLeaseError
    Generation.objects.filter(pk=generation.pk).update(fence=F("fence") + 1)
    return Lease(generation.pk, fence + 1)


def start_sending(generation_id: UUID, fence: int) -> int:
    """Move a queued generation, whose row the caller has locked, to `submitting` and return its new fence.

    The worker that receives the message acquires the lease. If none does in time, the row is due again.
    """
    Generation.objects.filter(pk=generation_id, fence=fence, state=State.QUEUED).update(
        state=State.SUBMITTING,
        state_since=Now(),
        fence=fence + 1,
        lease_until=database_time(settings.LEASE),
        next_action_at=database_time(settings.LEASE),
    )
    announce_state(generation_id)
    return fence + 1


@transaction.atomic
def unpark(generation_ids: Iterable[UUID] | None = None) -> None:
    """Return these parked generations, or all of them, to the queue. They keep their place by age."""
    parked = Generation.objects.select_for_update().filter(state=State.PARKED)
    if generation_ids is not None:
        parked = parked.filter(pk__in=generation_ids)
    found = list(parked.values_list("pk", flat=True))
    Generation.objects.filter(pk__in=found).update(
        state=State.QUEUED, state_since=Now(), next_action_at=Now(), fence=F("fence") + 1
    )
    for generation_id in found:
        announce_state(generation_id)


@transaction.atomic
def complete_generation(generation: Generation, lease: Lease, *, video: Asset, poster: Asset) -> None:
    """Create the take and charge the price. Raises LostLeaseError, and then nothing is stored or charged.

    A hold that was released before stays released: a late success is delivered and not charged.
    """
    charge = _charge(generation, video)
    if not capture_hold(hold_id=generation.hold_id, amount=charge):
        charge = 0
    take = create_take(generation.shot_id, _new_take(generation, video=video, poster=poster, charge=charge))
    Attempt.objects.filter(generation=generation, outcome=Outcome.ACCEPTED).update(bill=Bill.DUE)
    lease.move(State.SAVING, State.COMPLETED, take=take, error_type="", error_message="")
    record_event(
        EventKind.GENERATION_COMPLETED,
        team_id=generation.team_id,
        subject_id=generation.pk,
        charged=charge,
    )


def _new_take(generation: Generation, *, video: Asset, poster: Asset, charge: int) -> NewTake:
    return NewTake(
        id=generation.pk,
        author=generation.author,
        api_key=generation.api_key,
        prompt=generation.prompt,
        model=generation.model,
        resolution=generation.resolution,
        fps=generation.fps,
        camera_motion=generation.camera_motion,
        price=charge,
        video=video,
        poster=poster,
        last_frame=generation.last_frame,
        is_preview=generation.is_preview,
        is_late=generation.is_late,
        created_at=generation.created_at,
    )


def _charge(generation: Generation, video: Asset) -> int:
    """Return the price. If the model chose the duration: the price of its seconds, each begun second counted whole."""
    if generation.duration is not None or video.seconds is None:
        return generation.price
    return min(generation.price, generation.credits_per_second * ceil(video.seconds))


@transaction.atomic
def fail_generation(
    generation: Generation, lease: Lease, *, error_type: str, message: str, may_have_cost: bool = False
) -> None:
    """End the generation as failed and refund its credits. Raises LostLeaseError, and then nothing is refunded.

    `may_have_cost` records on the attempt that the provider may bill it.
    """
    release_hold(hold_id=generation.hold_id, reason=error_type)
    if may_have_cost:
        doubtful = Attempt.objects.filter(generation=generation, outcome__in=(Outcome.ACCEPTED, Outcome.UNKNOWN))
        doubtful.update(bill=Bill.POSSIBLE)
    lease.move(State(generation.state), State.FAILED, error_type=error_type, error_message=message[:2000])
    record_event(
        EventKind.GENERATION_FAILED,
        team_id=generation.team_id,
        subject_id=generation.pk,
        error_type=error_type,
        returned=generation.price,
        may_have_cost=may_have_cost,
    )


def mark_canceled(generation: Generation, lease: Lease, *, actor_id: int) -> None:
    """End a waiting generation as canceled. The caller has released its hold in the same transaction."""
    lease.move(State(generation.state), State.CANCELED)
    record_event(EventKind.GENERATION_CANCELED, team_id=generation.team_id, actor_id=actor_id, subject_id=generation.pk)


@transaction.atomic
def revive_generation(generation: Generation, *, actor: User | None) -> int | None:
    """Move a failed generation, whose video the provider has after all, to `saving`. It will not be charged.

    Return its new fence, or None if it is not failed any more: of two callers one revives it.
    """
    revived = Generation.objects.filter(pk=generation.pk, state=State.FAILED).update(
        state=State.SAVING,
        state_since=Now(),
        next_action_at=Now(),
        lease_until=None,
        finished_at=None,
        is_late=True,
        losses=0,
        failures=0,
        fence=F("fence") + 1,
    )
    if not revived:
        return None
    record = record_audit if actor else record_event
    record(
        EventKind.GENERATION_REVIVED,
        team_id=generation.team_id,
        actor_id=actor.pk if actor else None,
        subject_id=generation.pk,
    )
    announce_state(generation.pk)
    return Generation.objects.values_list("fence", flat=True).get(pk=generation.pk)


def announce_state(generation_id: UUID) -> None:
    """Notify open pages of this generation's state after the commit."""
    row = Generation.objects.filter(pk=generation_id).values("team_id", "author_id", "state").get()
    announce(team_id=row["team_id"], kind="generation", subject_id=generation_id, state=row["state"])
