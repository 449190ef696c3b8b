"""End a generation: the money and the state move in one transaction, in the order wallet, hold, job."""

from math import ceil

from django.db import transaction

from generations.credits.holds import capture_hold, release_hold
from generations.events.record import record_event
from generations.media.models import Asset

from .leases import Lease
from .models import Attempt, Bill, Generation, Outcome
from .states import State


@transaction.atomic
def complete_generation(generation: Generation, lease: Lease, *, video: Asset, poster: Asset) -> None:
    """Deliver the take and charge its price. Raises LostLeaseError, and then nothing is charged.

    A hold that was released before stays released: a late success is delivered and not charged.
    """
    charge = _charge(generation, video)
    is_charged = capture_hold(hold_id=generation.hold_id, amount=charge)
    Attempt.objects.filter(generation=generation, outcome=Outcome.ACCEPTED).update(bill=Bill.DUE)
    lease.move(State.SAVING, State.COMPLETED, video=video, poster=poster, error_type="", error_message="")
    record_event(
        "generation.completed",
        team_id=generation.team_id,
        subject_id=generation.pk,
        charged=charge if is_charged else 0,
    )


def _charge(generation: Generation, video: Asset) -> int:
    """The price; of a length that was left to the model, that of the seconds that came, begun ones counted whole."""
    if generation.duration is not None or video.seconds is None:
        return generation.price
    return min(generation.price, generation.credits_per_second * ceil(video.seconds))


@transaction.atomic
def fail_generation(
    generation: Generation, lease: Lease, *, error_type: str, message: str, may_have_cost: bool = False
) -> None:
    """End the generation as failed and give its credits back. Raises LostLeaseError, and then nothing is returned.

    `may_have_cost` books on the attempt that the provider may bill us for it all the same.
    """
    release_hold(hold_id=generation.hold_id, reason=error_type)
    if may_have_cost:
        doubtful = Attempt.objects.filter(generation=generation, outcome__in=(Outcome.ACCEPTED, Outcome.UNKNOWN))
        doubtful.update(bill=Bill.POSSIBLE)
    lease.move(State(generation.state), State.FAILED, error_type=error_type, error_message=message[:2000])
    record_event(
        "generation.failed",
        team_id=generation.team_id,
        subject_id=generation.pk,
        error_type=error_type,
        returned=generation.price,
        may_have_cost=may_have_cost,
    )
