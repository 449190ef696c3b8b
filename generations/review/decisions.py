"""Record decisions on takes: approved, or changes requested."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.accounts.access import require
from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.record import record_event
from generations.library.models import ReviewState, Take
from generations.library.takes import set_review_state

from .models import Decision, Verdict


class NotFinishedError(DailiesError):
    """The id is that of a job that has no take."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("Only finished takes can be reviewed.")


def decisions_on(take: Take) -> QuerySet[Decision]:
    """Return the decisions on the take with their authors, newest first."""
    return take.decisions.select_related("user").order_by("-decided_at", "-id")


@transaction.atomic
def decide(*, membership: Membership, take: Take, verdict: Verdict, note: str = "") -> Decision:
    """Store the member's verdict in place of an earlier one. Raises ForbiddenError without Right.REVIEW."""
    require(membership, Right.REVIEW)
    _lock(take)
    decision, _ = Decision.objects.update_or_create(
        take=take,
        user=membership.user,
        defaults={"verdict": verdict, "note": note.strip()[:500], "decided_at": Now()},
    )
    _update_review_state(take)
    _record(EventKind.TAKE_DECIDED, membership, take, verdict=str(verdict))
    return decision


@transaction.atomic
def withdraw_decision(*, membership: Membership, take: Take) -> bool:
    """Delete the member's decision. Return False if there was none. Raises ForbiddenError without Right.REVIEW."""
    require(membership, Right.REVIEW)
    _lock(take)
    deleted, _ = Decision.objects.filter(take=take, user=membership.user).delete()
    if deleted:
        _update_review_state(take)
        _record(EventKind.TAKE_UNDECIDED, membership, take)
    return bool(deleted)


def _lock(take: Take) -> None:
    """Lock the take's row: of two reviewers at once, the second one reads the decision of the first."""
    Take.objects.select_for_update().only("pk").get(pk=take.pk)


def _update_review_state(take: Take) -> None:
    verdicts = set(Decision.objects.filter(take=take).values_list("verdict", flat=True))
    if Verdict.CHANGES in verdicts:
        set_review_state(take, ReviewState.CHANGES)
    else:
        set_review_state(take, ReviewState.APPROVED if verdicts else ReviewState.NONE)


def _record(kind: EventKind, membership: Membership, take: Take, **data: str) -> None:
    record_event(kind, team_id=take.team_id, actor_id=membership.user_id, subject_id=take.pk, **data)
