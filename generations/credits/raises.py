"""Raise one member's quota: until a moment, after which it ends by itself, or until it is taken back."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.accounts.models import Membership, Team, User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import QuotaRaise


class BadRaiseError(DailiesError):
    """The amount, the reason or the end will not do."""

    status = 422
    code = "invalid"


def live_raises(team: Team) -> QuerySet[QuotaRaise]:
    """The raises of the team's members that hold at present, newest first."""
    rows = QuotaRaise.objects.live().filter(membership__team=team)
    return rows.select_related("membership__user", "created_by").order_by("-id")


@transaction.atomic
def raise_quota(
    *, membership: Membership, amount: int, reason: str, actor: User, expires_at: datetime | None = None
) -> QuotaRaise:
    """Let the member spend `amount` credits more. Raises BadRaiseError."""
    if amount <= 0:
        raise BadRaiseError("A raise must be at least 1 credit.")
    if not reason.strip():
        raise BadRaiseError("Say why: the reason stands beside the quota.")
    if expires_at is not None and expires_at <= database_now():
        raise BadRaiseError("A raise must end in the future, or stay.")
    made = QuotaRaise.objects.create(
        membership=membership, amount=amount, reason=reason.strip()[:200], expires_at=expires_at, created_by=actor
    )
    _record(EventKind.QUOTA_RAISED, made, actor)
    return made


@transaction.atomic
def take_back_raise(*, team: Team, raise_id: int, actor: User) -> None:
    """End a raise that holds. What was spent by it stays spent. Raises NotFoundError when none such holds."""
    found = live_raises(team).select_for_update(of=("self",)).filter(pk=raise_id).first()
    if found is None:
        raise NotFoundError("This raise has ended already.")
    QuotaRaise.objects.filter(pk=found.pk).update(expires_at=Now())
    _record(EventKind.QUOTA_RAISE_ENDED, found, actor)


def _record(kind: EventKind, found: QuotaRaise, actor: User) -> None:
    member = found.membership
    record_audit(
        kind,
        team_id=member.team_id,
        actor_id=actor.pk,
        user=member.user_id,
        email=member.user.email,
        amount=found.amount,
        expires_at=found.expires_at.isoformat() if found.expires_at else None,
        reason=found.reason,
    )
