"""Set quotas of a team, a role, a member or a key, and temporary increases of one member's quota.

An empty field inherits the value of the level above. A change applies from the next submit on.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.accounts.models import ApiKey, Membership, Team, User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import Period, Quota, QuotaRaise


class BadIncreaseError(DailiesError):
    """The amount, the reason or the end date is not valid."""

    status = 422
    code = "invalid"


@dataclass(frozen=True, kw_only=True)
class QuotaRule:
    """`cap` is in credits per period. `is_uncapped` lifts the cap of a level above; it excludes `cap`."""

    cap: int | None = None
    period: str = Period.MONTH
    is_uncapped: bool = False
    max_jobs: int | None = None
    max_seconds: int | None = None
    max_tier: str = ""
    allowed_models: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self == QuotaRule(period=self.period)


@dataclass(frozen=True, kw_only=True)
class QuotaHolder:
    """The holder of a quota: a role, a member or a key; with none of them set, the default of the team."""

    team: Team
    role: str = ""
    membership: Membership | None = None
    api_key: ApiKey | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of `Quota` that name the holder."""
        return {"team": self.team, "role": self.role, "membership": self.membership, "api_key": self.api_key}


@transaction.atomic
def set_quota(*, holder: QuotaHolder, rule: QuotaRule, actor: User) -> Quota:
    """Replace the holder's rule."""
    before = _rule_values(Quota.objects.filter(**holder.as_fields()).first())
    quota, _ = Quota.objects.update_or_create(**holder.as_fields(), defaults=asdict(rule))
    _record_quota(EventKind.QUOTA_SET, holder, actor, before=before, after=asdict(rule))
    return quota


@transaction.atomic
def clear_quota(*, holder: QuotaHolder, actor: User) -> None:
    """Delete the holder's rule, so that every field is inherited. Without a rule this does nothing."""
    if quota := Quota.objects.filter(**holder.as_fields()).first():
        quota.delete()
        _record_quota(EventKind.QUOTA_CLEARED, holder, actor, before=_rule_values(quota))


def active_increases(team: Team) -> QuerySet[QuotaRaise]:
    """Return the active increases of the team's members, newest first."""
    increases = QuotaRaise.objects.live().filter(membership__team=team)
    return increases.select_related("membership__user", "created_by").order_by("-id")


@transaction.atomic
def increase_quota(
    *, membership: Membership, amount: int, reason: str, actor: User, expires_at: datetime | None = None
) -> QuotaRaise:
    """Let the member spend `amount` more credits until `expires_at`; without it, until the increase is removed.

    Raises BadIncreaseError.
    """
    if amount <= 0:
        raise BadIncreaseError("Enter at least 1 credit.")
    if not reason.strip():
        raise BadIncreaseError("Enter a reason.")
    if expires_at is not None and expires_at <= database_now():
        raise BadIncreaseError("End date must be in the future.")
    increase = QuotaRaise.objects.create(
        membership=membership, amount=amount, reason=reason.strip()[:200], expires_at=expires_at, created_by=actor
    )
    _record_increase(EventKind.QUOTA_RAISED, increase, actor)
    return increase


@transaction.atomic
def end_increase(*, team: Team, increase_id: int, actor: User) -> None:
    """End an active increase. Credits that were spent stay spent. Raises NotFoundError if it has ended."""
    increase = active_increases(team).select_for_update(of=("self",)).filter(pk=increase_id).first()
    if increase is None:
        raise NotFoundError("This increase has already ended.")
    QuotaRaise.objects.filter(pk=increase.pk).update(expires_at=Now())
    _record_increase(EventKind.QUOTA_RAISE_ENDED, increase, actor)


def _rule_values(quota: Quota | None) -> dict[str, Any] | None:
    return {field.name: getattr(quota, field.name) for field in fields(QuotaRule)} if quota else None


def _record_quota(
    kind: EventKind,
    holder: QuotaHolder,
    actor: User,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record_audit(
        kind,
        team_id=holder.team.pk,
        actor_id=actor.pk,
        subject_id=holder.api_key.pk if holder.api_key else None,
        role=holder.role,
        user=holder.membership.user_id if holder.membership else None,
        before=before,
        after=after,
    )


def _record_increase(kind: EventKind, increase: QuotaRaise, actor: User) -> None:
    member = increase.membership
    record_audit(
        kind,
        team_id=member.team_id,
        actor_id=actor.pk,
        user=member.user_id,
        email=member.user.email,
        amount=increase.amount,
        expires_at=increase.expires_at.isoformat() if increase.expires_at else None,
        reason=increase.reason,
    )
