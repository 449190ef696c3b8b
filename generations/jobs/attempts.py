"""Attempts: one row for each POST to the provider, committed before the socket opens."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from .leases import Lease, LostLeaseError
from .models import Attempt, Generation, Outcome

LIVE = (Outcome.SENDING, Outcome.UNKNOWN, Outcome.ACCEPTED)


def live_attempt(generation: Generation) -> Attempt | None:
    """The attempt that may have made a job at the provider; the database allows one."""
    return generation.attempts.filter(outcome__in=LIVE).first()


@transaction.atomic
def open_attempt(generation: Generation, lease: Lease, *, provider: str, request: dict[str, Any]) -> Attempt:
    """Store a new attempt as `sending`. Raises LostLeaseError when somebody else is at it."""
    lease.renew()
    last = generation.attempts.aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            return Attempt.objects.create(generation=generation, number=last + 1, provider=provider, request=request)
    except IntegrityError as error:
        raise LostLeaseError from error


def close_attempt(attempt: Attempt, outcome: Outcome, **answer: Any) -> None:
    """Write what became of the POST: outcome, status, ids, error. An acceptance is never taken back."""
    rows = Attempt.objects.filter(pk=attempt.pk).exclude(outcome=Outcome.ACCEPTED)
    rows.update(outcome=outcome, answered_at=Now(), **answer)
