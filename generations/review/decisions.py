"""Say what the team thinks of a take: approved, or needs changes. A later word of the same person replaces it."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.accounts.access import require
from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.record import record_event
from generations.jobs.models import Generation, State

from .models import Decision, Verdict


class NotATakeError(DailiesError):
    """There is nothing to look at yet."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("Only a finished take can be approved.")


def decisions_on(take: Generation) -> QuerySet[Decision]:
    return take.decisions.select_related("user").order_by("-decided_at", "-id")


@transaction.atomic
def decide(*, membership: Membership, take: Generation, verdict: Verdict, note: str = "") -> Decision:
    """Keep the member's verdict. Raises ForbiddenError without Right.REVIEW, and NotATakeError."""
    require(membership, Right.REVIEW)
    if take.state != State.COMPLETED:
        raise NotATakeError
    decision, _ = Decision.objects.update_or_create(
        generation=take,
        user=membership.user,
        defaults={"verdict": verdict, "note": note.strip()[:500], "decided_at": Now()},
    )
    _record(EventKind.TAKE_DECIDED, membership, take, verdict=str(verdict))
    return decision


@transaction.atomic
def take_back_decision(*, membership: Membership, take: Generation) -> bool:
    """False when the member had said nothing."""
    require(membership, Right.REVIEW)
    taken_back, _ = Decision.objects.filter(generation=take, user=membership.user).delete()
    if taken_back:
        _record(EventKind.TAKE_UNDECIDED, membership, take)
    return bool(taken_back)


def _record(kind: EventKind, membership: Membership, take: Generation, **data: str) -> None:
    record_event(kind, team_id=take.team_id, actor_id=membership.user_id, subject_id=take.pk, **data)
