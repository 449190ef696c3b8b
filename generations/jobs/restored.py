"""What to do about the jobs under way after a backup was restored. Call it before any worker starts.

The database is in the past then, and the provider is not: what waits to be sent may have been sent since. Nothing of
the POST is on record, not even the key, so that nobody can ask about it; sent once more, it might be billed twice.
Such jobs end, and their credits come back. What was on record as posted goes on as ever: the provider is asked about
it, and what it no longer knows is given up by the same rules.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from generations.credits.holds import release_hold

from .attempts import LIVE
from .leases import take_over
from .models import Attempt, Generation
from .settle import fail_generation
from .states import State


@dataclass(frozen=True)
class Recheck:
    """Which jobs were ended, and how many go on."""

    returned: list[UUID]
    going_on: int


def recheck_restored() -> Recheck:
    """End what may have been sent since the backup, and let workers look at everything else as soon as they start."""
    returned = list(_maybe_sent().order_by("created_at"))
    for generation in returned:
        _return_credits(generation)
    going_on = Generation.objects.in_flight().update(
        lease_until=None, next_action_at=Now(), fence=F("fence") + 1, losses=0
    )
    return Recheck([generation.pk for generation in returned], going_on)


def _maybe_sent() -> QuerySet[Generation]:
    posted = Attempt.objects.filter(generation=OuterRef("pk"), outcome__in=LIVE)
    return Generation.objects.filter(~Exists(posted), state__in=(State.QUEUED, State.PARKED, State.SUBMITTING))


@transaction.atomic
def _return_credits(generation: Generation) -> None:
    release_hold(hold_id=generation.hold_id, reason="restored")  # money is always locked first
    fail_generation(
        generation,
        take_over(generation),
        error_type="restored",
        message="This site was restored from a backup in which the job was still waiting; it may have been sent since. "
        "Your credits are back; you may submit it again.",
    )
