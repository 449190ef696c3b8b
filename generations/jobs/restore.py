"""Decide about the active jobs after a backup was restored. Run it before any worker starts.

The database is older than the provider's records: a job that waits here may have been sent after the backup. The
restored database has no attempt row and no idempotency key of that POST, so the provider cannot be asked about it, and
sending the job again could be billed twice. Such jobs are failed and refunded. Jobs with a recorded attempt continue:
the provider is polled, and a job that it does not know is failed by the usual rules.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from generations.credits.holds import release_hold

from .attempts import LIVE
from .models import Attempt, Generation, State
from .transitions import fail_generation, preempt_lease


@dataclass(frozen=True)
class Recheck:
    """The jobs that were failed and refunded, and the number of jobs that continue."""

    refunded: list[UUID]
    continuing: int


def recheck_restored() -> Recheck:
    """Fail the jobs that may have been sent since the backup, and make all other active jobs due at once."""
    refunded = list(_possibly_sent().order_by("created_at"))
    for generation in refunded:
        _fail(generation)
    continuing = Generation.objects.in_flight().update(
        lease_until=None, next_action_at=Now(), fence=F("fence") + 1, losses=0
    )
    return Recheck([generation.pk for generation in refunded], continuing)


def _possibly_sent() -> QuerySet[Generation]:
    posted = Attempt.objects.filter(generation=OuterRef("pk"), outcome__in=LIVE)
    return Generation.objects.filter(~Exists(posted), state__in=(State.QUEUED, State.PARKED, State.SUBMITTING))


@transaction.atomic
def _fail(generation: Generation) -> None:
    release_hold(hold_id=generation.hold_id, reason="restored")  # lock order: money before the generation
    fail_generation(
        generation,
        preempt_lease(generation),
        error_type="restored",
        message="This job was interrupted by a backup restore. Your credits were refunded. You can retry.",
    )
