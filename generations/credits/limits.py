"""Setting quotas: for the whole team, a role, a member or a key. What is left empty is left to the level above."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from django.db import transaction

from generations.accounts.models import ApiKey, Membership, Team, User
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import Period, Quota


@dataclass(frozen=True, kw_only=True)
class QuotaRule:
    """`cap` is in credits a period. `is_uncapped` lifts what a level above caps; it goes with no `cap`."""

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
    """Whose quota it is: a role's, a member's, a key's, or, with nothing set, the default of the team."""

    team: Team
    role: str = ""
    membership: Membership | None = None
    api_key: ApiKey | None = None

    def as_fields(self) -> dict[str, Any]:
        """The fields of `Quota` that name the holder."""
        return {"team": self.team, "role": self.role, "membership": self.membership, "api_key": self.api_key}


@transaction.atomic
def set_quota(*, holder: QuotaHolder, rule: QuotaRule, actor: User) -> Quota:
    """Put the rule in the place of the holder's old one. It holds from the next submit on."""
    before = _told(Quota.objects.filter(**holder.as_fields()).first())
    quota, _ = Quota.objects.update_or_create(**holder.as_fields(), defaults=asdict(rule))
    _record(EventKind.QUOTA_SET, holder, actor, before=before, after=asdict(rule))
    return quota


@transaction.atomic
def clear_quota(*, holder: QuotaHolder, actor: User) -> None:
    """Leave everything to the level above. Clearing what is not set does nothing."""
    if quota := Quota.objects.filter(**holder.as_fields()).first():
        quota.delete()
        _record(EventKind.QUOTA_CLEARED, holder, actor, before=_told(quota))


def _told(quota: Quota | None) -> dict[str, Any] | None:
    return {field.name: getattr(quota, field.name) for field in fields(QuotaRule)} if quota else None


def _record(
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
