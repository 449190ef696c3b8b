"""Poll the provider for all due generations in one batch. A poll error never ends a job; only a reported state does."""

import asyncio
from datetime import timedelta

import structlog
from django.conf import settings

from generations.common.clock import database_now
from generations.events.kinds import EventKind
from generations.events.record import record_event
from generations.upstream.errors import Problem
from generations.upstream.outcomes import Completed, Failed, PollError, PollOutcome, ResultError, Running
from generations.upstream.polling import poll_many

from .attempts import provider
from .dispatch import claim_due, notify_media_worker
from .models import Attempt, Outcome, State
from .schedule import back_off, poll_delay
from .transitions import Lease, LostLeaseError, fail_generation

BATCH = 200
log = structlog.get_logger(__name__)


def poll_due() -> int:
    """Poll one batch of generations in `processing` and move those that have ended. Return how many were due."""
    leases = {row[0]: Lease(*row) for row in claim_due([State.PROCESSING], limit=BATCH)}
    attempts = Attempt.objects.filter(generation__in=leases, outcome=Outcome.ACCEPTED).select_related("generation")
    by_job_id = {attempt.provider_job_id: attempt for attempt in attempts}
    outcomes = asyncio.run(poll_many(provider(), list(by_job_id)))
    now = database_now()
    for job_id, outcome in outcomes.items():
        attempt = by_job_id[job_id]
        age = now - attempt.generation.state_since
        try:
            apply_outcome(attempt, leases[attempt.generation_id], outcome, age=age)
        except LostLeaseError:
            log.info("lease_lost", generation_id=str(attempt.generation_id))
    return len(leases)


def apply_outcome(attempt: Attempt, lease: Lease, outcome: PollOutcome, *, age: timedelta) -> None:
    """Move the generation to the state that the provider reports, or poll again later. Raises LostLeaseError.

    `age` is the time since the provider accepted the job.
    """
    generation = attempt.generation
    match outcome:
        case Completed():
            lease.move(State.PROCESSING, State.SAVING)
            notify_media_worker(generation.pk, lease.fence)
        case Failed():
            fail_generation(generation, lease, error_type=outcome.type, message=outcome.message)
        case Running():
            if not outcome.is_known:
                log.warning("unknown_status", status=outcome.status, generation_id=str(generation.pk))
            lease.defer(poll_delay(is_overdue=age > settings.OVERDUE_AFTER), failures=0)
        case PollError():
            _apply_error(attempt, lease, outcome, age)
        case ResultError():
            _poll_later(attempt, lease, outcome.message, None)


def _apply_error(attempt: Attempt, lease: Lease, error: PollError, age: timedelta) -> None:
    if error.kind is Problem.NOT_POLLED:
        lease.defer(poll_delay(), failures=attempt.generation.failures)
    elif error.is_missing and age > settings.MISSING_AFTER:
        _fail_lost(attempt, lease)
    else:
        _poll_later(attempt, lease, error.message, error.retry_after)


def _poll_later(attempt: Attempt, lease: Lease, message: str, retry_after: float | None) -> None:
    failures = attempt.generation.failures + 1
    log.warning("poll_failed", generation_id=str(attempt.generation_id), failures=failures, error=message)
    lease.defer(back_off(failures, retry_after), failures=failures)


def _fail_lost(attempt: Attempt, lease: Lease) -> None:
    record_event(EventKind.ATTEMPT_LOST, team_id=attempt.generation.team_id, subject_id=attempt.generation_id)
    fail_generation(
        attempt.generation,
        lease,
        error_type="lost_by_provider",
        message="The provider lost this job. Your credits were refunded. You can retry.",
        may_have_cost=True,
    )
