"""What site staff see of the jobs under way, and what they may do about them. Every act is an event with its actor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now

from generations.accounts.models import User
from generations.common.clock import database_time
from generations.common.errors import DailiesError
from generations.credits.holds import release_hold
from generations.events.record import record_audit

from .attempts import live_attempt
from .leases import LostLeaseError, announce_state, take_over
from .models import Bill, Gate, Generation
from .settle import fail_generation
from .states import ACTIVE, State

# A saving that has failed this often deserves a look.
MANY_FAILURES = 3
REMEMBERED = timedelta(days=7)
LISTED = 100


class MovedOnError(DailiesError):
    """The job has gone on meanwhile, so the act does not apply any more."""

    def __init__(self) -> None:
        super().__init__("This job has moved on meanwhile. Look at it again.")


@dataclass(frozen=True)
class Waiting:
    """How many generations are in a state, and since when the oldest of them."""

    state: State
    count: int
    oldest: datetime | None


def waiting() -> list[Waiting]:
    """One line for each state under way, in the order of a generation's life, empty ones too."""
    rows = Generation.objects.in_flight().values("state").annotate(count=Count("pk"), oldest=Min("state_since"))
    found: dict[str, Any] = {row["state"]: row for row in rows.order_by()}
    empty: dict[str, Any] = {"count": 0, "oldest": None}
    return [Waiting(state, found.get(state, empty)["count"], found.get(state, empty)["oldest"]) for state in ACTIVE]


def troubled() -> QuerySet[Generation]:
    """Generations that may need a person, oldest first: stuck, overdue, failing, or given up though perhaps billed."""
    is_overdue = Q(state=State.PROCESSING, state_since__lt=database_time(-settings.OVERDUE_AFTER))
    is_failing = Q(state__in=(State.SAVING, State.PROCESSING), failures__gte=MANY_FAILURES)
    is_doubtful = Q(state=State.FAILED, attempts__bill=Bill.POSSIBLE, finished_at__gt=database_time(-REMEMBERED))
    is_stuck = Q(state__in=(State.PARKED, State.UNCONFIRMED))
    rows = Generation.objects.filter(is_stuck | is_overdue | is_failing | is_doubtful).distinct()
    return rows.select_related("team", "author").prefetch_related("attempts").order_by("created_at")[:LISTED]


def gates() -> QuerySet[Gate]:
    """The gate of the provider that the settings name; one of an earlier provider says nothing any more."""
    return Gate.objects.filter(provider=settings.PROVIDER_URL)


def lift_generation(*, generation: Generation, actor: User) -> None:
    """Let a waiting generation go before all others."""
    if not Generation.objects.filter(pk=generation.pk, state=State.QUEUED).update(lifted_at=Now()):
        raise MovedOnError
    _record("lifted", generation, actor)
    announce_state(generation.pk)


def look_now(*, generation: Generation, actor: User) -> None:
    """Let the workers look at a generation at once instead of at its time."""
    rows = Generation.objects.filter(pk=generation.pk, state__in=ACTIVE, lease_until=None)
    if not rows.update(next_action_at=Now()):
        raise MovedOnError
    _record("looked_at", generation, actor)


@transaction.atomic
def give_up(*, generation: Generation, actor: User, reason: str) -> None:
    """End a generation as failed and return its credits. What the provider finishes later can still be asked for."""
    if generation.is_final:
        raise MovedOnError
    try:
        # Before the job's row is locked: money is always locked first, or this and a worker wait for each other.
        release_hold(hold_id=generation.hold_id, reason="given_up")
        lease = take_over(generation)
        fail_generation(
            generation,
            lease,
            error_type="given_up",
            message=reason.strip() or "Whoever runs this site has given this job up. Your credits are back.",
            may_have_cost=live_attempt(generation) is not None,
        )
    except LostLeaseError as error:
        raise MovedOnError from error
    _record("given_up", generation, actor)


def probe_now(*, gate: Gate, actor: User) -> None:
    """Let the next dispatch find out whether the provider takes our account again."""
    Gate.objects.filter(pk=gate.pk).update(probe_at=Now(), not_before=None)
    record_audit("gate.probed", team_id=None, actor_id=actor.pk, provider=gate.provider)


def _record(act: str, generation: Generation, actor: User) -> None:
    record_audit(f"generation.{act}", team_id=generation.team_id, actor_id=actor.pk, subject_id=generation.pk)
