"""The operations page: what staff see of active jobs, and what they can do about them.

Every action records an audit event with its actor.
"""

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
from generations.events.kinds import EventKind
from generations.events.record import record_audit
from generations.upstream.outcomes import Completed

from .attempts import live_attempt, provider
from .dispatch import notify_media_worker
from .models import ACTIVE, Attempt, Bill, Generation, Outcome, ProviderThrottle, State
from .transitions import LostLeaseError, announce_state, fail_generation, preempt_lease, revive_generation

# A job that failed this often in a row is listed for staff.
MANY_FAILURES = 3
RECENT = timedelta(days=7)
MAX_LISTED = 100


class StateChangedError(DailiesError):
    """The job has changed since staff loaded the page, so the action does not apply any more."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("This job has changed. Reload the page.")


class NothingToRetrieveError(DailiesError):
    """The provider never accepted the job."""

    status = 409
    code = "conflict"


@dataclass(frozen=True)
class StateCount:
    """The number of generations in a state, and since when the oldest of them is in it."""

    state: State
    count: int
    oldest: datetime | None


def state_counts() -> list[StateCount]:
    """Return one line for each active state, in the order of a generation's life, including empty ones."""
    rows = Generation.objects.in_flight().values("state").annotate(count=Count("pk"), oldest=Min("state_since"))
    found: dict[str, Any] = {row["state"]: row for row in rows.order_by()}
    empty: dict[str, Any] = {"count": 0, "oldest": None}
    return [StateCount(state, found.get(state, empty)["count"], found.get(state, empty)["oldest"]) for state in ACTIVE]


def needing_attention() -> QuerySet[Generation]:
    """Return stuck, overdue and failing generations, and recent failures that may be billed; the oldest first."""
    is_overdue = Q(state=State.PROCESSING, state_since__lt=database_time(-settings.OVERDUE_AFTER))
    is_failing = Q(state__in=(State.SAVING, State.PROCESSING), failures__gte=MANY_FAILURES)
    is_doubtful = Q(state=State.FAILED, attempts__bill=Bill.POSSIBLE, finished_at__gt=database_time(-RECENT))
    is_stuck = Q(state__in=(State.PARKED, State.UNCONFIRMED))
    rows = Generation.objects.filter(is_stuck | is_overdue | is_failing | is_doubtful).distinct()
    return rows.select_related("team", "author").prefetch_related("attempts").order_by("created_at")[:MAX_LISTED]


def provider_throttles() -> QuerySet[ProviderThrottle]:
    """Return the throttle of the configured provider; rows of earlier providers are not relevant."""
    return ProviderThrottle.objects.filter(provider=settings.PROVIDER_URL)


def prioritize_generation(*, generation: Generation, actor: User) -> None:
    """Move a queued generation to the front of the queue. Raises StateChangedError."""
    if not Generation.objects.filter(pk=generation.pk, state=State.QUEUED).update(prioritized_at=Now()):
        raise StateChangedError
    _record(EventKind.GENERATION_PRIORITIZED, generation, actor)
    announce_state(generation.pk)


def check_now(*, generation: Generation, actor: User) -> None:
    """Make an active generation due at once, unless a worker is working on it. Raises StateChangedError."""
    rows = Generation.objects.filter(pk=generation.pk, state__in=ACTIVE, lease_until=None)
    if not rows.update(next_action_at=Now()):
        raise StateChangedError
    _record(EventKind.GENERATION_CHECKED, generation, actor)


@transaction.atomic
def give_up(*, generation: Generation, actor: User, reason: str) -> None:
    """End an active generation as failed and refund it. A video that the provider finishes can still be retrieved.

    Raises StateChangedError.
    """
    if generation.is_final:
        raise StateChangedError
    try:
        # Lock order: money before the generation. Otherwise this and a worker could wait for each other.
        release_hold(hold_id=generation.hold_id, reason="given_up")
        lease = preempt_lease(generation)
        fail_generation(
            generation,
            lease,
            error_type="given_up",
            message=reason.strip() or "An administrator stopped this job. Your credits were refunded.",
            may_have_cost=live_attempt(generation) is not None,
        )
    except LostLeaseError as error:
        raise StateChangedError from error
    _record(EventKind.GENERATION_GIVEN_UP, generation, actor)


def ask_again(*, generation: Generation, actor: User | None) -> bool:
    """Poll the provider once for a failed generation. True if it has the video, which is now being saved.

    The video is delivered and not charged. Two callers at once start one saving. Makes a request, so it must not run
    inside a transaction. Raises NothingToRetrieveError.
    """
    attempt = Attempt.objects.filter(generation=generation, outcome=Outcome.ACCEPTED).first()
    if attempt is None or generation.state != State.FAILED:
        raise NothingToRetrieveError("The provider never accepted this job, so there is no video to retrieve.")
    if not isinstance(provider().poll(attempt.provider_job_id), Completed):
        return False
    with transaction.atomic():
        fence = revive_generation(generation, actor=actor)
        if fence is not None:
            notify_media_worker(generation.pk, fence)
    return fence is not None


def probe_now(*, throttle: ProviderThrottle, actor: User) -> None:
    """Let the next dispatch test whether the provider accepts our account again."""
    ProviderThrottle.objects.filter(pk=throttle.pk).update(probe_at=Now(), not_before=None)
    record_audit(EventKind.PROVIDER_PROBED, team_id=None, actor_id=actor.pk, provider=throttle.provider)


def _record(kind: EventKind, generation: Generation, actor: User) -> None:
    record_audit(kind, team_id=generation.team_id, actor_id=actor.pk, subject_id=generation.pk)
