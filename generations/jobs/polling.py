"""Ask the provider about everything that is due, in one batch. Poll errors never decide; only its own word does."""

import asyncio
from datetime import timedelta

import structlog
from django.conf import settings

from generations.common.clock import database_now
from generations.events.record import record_event
from generations.upstream.answers import Completed, Failed, PollError, PollOutcome, ResultError, Running
from generations.upstream.errors import Problem
from generations.upstream.polling import poll_many

from .dispatch import claim_due
from .hints import hint_save
from .leases import Lease, LostLeaseError
from .models import Attempt, Outcome
from .pace import back_off, poll_delay
from .provider import provider
from .settle import fail_generation
from .states import State

BATCH = 200
log = structlog.get_logger(__name__)


def poll_due() -> int:
    """Poll one batch of generations in `processing` and move those that are over. Returns how many were due."""
    leases = {row[0]: Lease(*row) for row in claim_due([State.PROCESSING], limit=BATCH)}
    attempts = Attempt.objects.filter(generation__in=leases, outcome=Outcome.ACCEPTED).select_related("generation")
    asked = {attempt.provider_job_id: attempt for attempt in attempts}
    answers = asyncio.run(poll_many(provider(), list(asked)))
    now = database_now()
    for job, answer in answers.items():
        attempt = asked[job]
        age = now - attempt.generation.state_since
        try:
            apply_answer(attempt, leases[attempt.generation_id], answer, age=age)
        except LostLeaseError:
            log.info("lease_lost", generation_id=str(attempt.generation_id))
    return len(leases)


def apply_answer(attempt: Attempt, lease: Lease, answer: PollOutcome, *, age: timedelta) -> None:
    """Move the generation as the provider says, or look again later. Raises LostLeaseError.

    `age` is how long the provider has had the job.
    """
    generation = attempt.generation
    match answer:
        case Completed():
            lease.move(State.PROCESSING, State.SAVING)
            hint_save(generation.pk, lease.fence)
        case Failed():
            fail_generation(generation, lease, error_type=answer.type, message=answer.message)
        case Running():
            if not answer.is_known:
                log.warning("unknown_status", status=answer.status, generation_id=str(generation.pk))
            lease.defer(poll_delay(is_overdue=age > settings.OVERDUE_AFTER), failures=0)
        case PollError():
            _apply_error(attempt, lease, answer, age)
        case ResultError():
            _look_again(attempt, lease, answer.message, None)


def _apply_error(attempt: Attempt, lease: Lease, error: PollError, age: timedelta) -> None:
    if error.kind is Problem.NOT_ASKED:
        lease.defer(poll_delay(), failures=attempt.generation.failures)
    elif error.is_missing and age > settings.MISSING_AFTER:
        _lost(attempt, lease)
    else:
        _look_again(attempt, lease, error.message, error.retry_after)


def _look_again(attempt: Attempt, lease: Lease, message: str, retry_after: float | None) -> None:
    failures = attempt.generation.failures + 1
    log.warning("poll_failed", generation_id=str(attempt.generation_id), failures=failures, error=message)
    lease.defer(back_off(failures, retry_after), failures=failures)


def _lost(attempt: Attempt, lease: Lease) -> None:
    record_event("attempt.lost", team_id=attempt.generation.team_id, subject_id=attempt.generation_id)
    fail_generation(
        attempt.generation,
        lease,
        error_type="lost_by_provider",
        message="The provider no longer knows this job. Your credits are back; you may submit it again.",
        may_have_cost=True,
    )
