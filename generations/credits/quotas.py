"""Effective quotas: each limit of a member or a key with the level that sets it, and what has been used of it.

The member's own quota goes before the role's, and the role's before the team's default: the first that sets a field
decides it. A temporary increase adds to the credits. A key's quota applies beside these. A service key counts against
no member: only its own quota applies.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.db.models import Aggregate, BigIntegerField, Count, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Now

from generations.accounts.models import ApiKey, Membership, Team
from generations.common.clock import database_now
from generations.contract.support import SUPPORT

from .errors import Limit, NotAllowedError, OutOfCreditsError, Shortage, TooManyJobsError
from .models import Hold, HoldState, Quota, QuotaRaise
from .periods import Span, span_of
from .wallets import credit_contacts

T = TypeVar("T")


class Level(StrEnum):
    """The level that sets a value, from the most general to the most specific."""

    TEAM = "team"
    ROLE = "role"
    MEMBER = "member"
    KEY = "key"

    @property
    def limit(self) -> Limit:
        return _LIMITS[self]


# The team's default is a limit of each member.
_LIMITS: dict[Level, Limit] = {
    Level.TEAM: "member",
    Level.ROLE: "role",
    Level.MEMBER: "member",
    Level.KEY: "key",
}


@dataclass(frozen=True)
class LimitSetting(Generic[T]):
    """A value and the level that sets it. Without a value there is no limit; without a level no quota sets one."""

    value: T | None = None
    level: Level | None = None


@dataclass(frozen=True)
class CreditCap:
    """Credits in a period, of which `raised` come from temporary increases."""

    credits: int
    span: Span
    period: str
    raised: int = 0


@dataclass(frozen=True)
class QuotaLimits:
    """All limits of one member or of one key. `max_tier` is one of the contract's tiers."""

    cap: LimitSetting[CreditCap] = LimitSetting()
    max_jobs: LimitSetting[int] = LimitSetting()
    max_seconds: LimitSetting[int] = LimitSetting()
    max_tier: LimitSetting[str] = LimitSetting()
    allowed_models: LimitSetting[tuple[str, ...]] = LimitSetting()


@dataclass(frozen=True)
class EffectiveQuota:
    """All limits of one submit. `member` is empty for a service key, `key` without a key; a job must fit both."""

    member: QuotaLimits = QuotaLimits()
    key: QuotaLimits = QuotaLimits()

    def check(self, *, model: str, resolution: str, seconds: int) -> None:
        """Raise NotAllowedError when a list or a maximum of one job excludes this one."""
        for _, caps in self:
            _check_model(caps.allowed_models, model)
            _check_seconds(caps.max_seconds, seconds)
            _check_tier(caps.max_tier, SUPPORT.tier(resolution))

    def __iter__(self) -> Iterator[tuple[str, QuotaLimits]]:
        yield from (("member", self.member), ("key", self.key))


@dataclass(frozen=True)
class Usage:
    """Credits held and charged in the current period of the cap, and the number of jobs in progress."""

    held: int = 0
    charged: int = 0
    running: int = 0


@dataclass(frozen=True)
class QuotaUse:
    """Credits held and charged in the current period, and the cap that `level` sets."""

    cap: int
    held: int
    charged: int
    resets_at: datetime | None
    level: Level = Level.MEMBER
    raised: int = 0

    @property
    def spent(self) -> int:
        return self.held + self.charged

    @property
    def left(self) -> int:
        """Negative if the cap was lowered below what had been spent."""
        return self.cap - self.spent


@dataclass(frozen=True)
class MemberQuota:
    """The limits of a member with their use; `use` is None without a cap."""

    membership: Membership
    caps: QuotaLimits
    use: QuotaUse | None


def effective_quota(membership: Membership, api_key: ApiKey | None = None) -> EffectiveQuota:
    """Read the limits of the member, or of the member's or the team's key, in one query."""
    raised = QuotaRaise.objects.live().filter(membership=membership).order_by().values("membership")
    rows = Quota.objects.of_submitter(membership, api_key).annotate(
        now=Now(),
        raised=Coalesce(
            Subquery(raised.annotate(total=Sum("amount")).values("total")), 0, output_field=BigIntegerField()
        ),
    )
    if not (quotas := list(rows)):
        return EffectiveQuota()
    moment, increase = quotas[0].now, quotas[0].raised  # type: ignore[attr-defined] # annotated
    return quota_from(quotas, moment=moment, time_zone=membership.team.time_zone, raised=increase)


def quota_from(quotas: Sequence[Quota], *, moment: datetime, time_zone: str, raised: int) -> EffectiveQuota:
    """Combine the quotas that apply to one member, or to one key."""
    levels = {_level(quota): quota for quota in quotas}
    own = levels.pop(Level.KEY, None)
    nearest_first = [(level, levels[level]) for level in (Level.MEMBER, Level.ROLE, Level.TEAM) if level in levels]
    return EffectiveQuota(
        member=_caps(nearest_first, moment, time_zone, raised=raised),
        key=_caps([(Level.KEY, own)] if own else [], moment, time_zone),
    )


def quotas_of_members(team: Team, members: Sequence[Membership]) -> list[MemberQuota]:
    """Return the quota of each member of the team, in the order of the members.

    It takes as many queries for a thousand members as for one: three, and one for each kind of period.
    """
    now, quotas, raised = database_now(), _quotas_of(team, members), _raised_of(members)
    caps = {}
    for member in members:
        applying = [quota for quota in quotas if _applies(quota, member)]
        effective = quota_from(applying, moment=now, time_zone=team.time_zone, raised=raised.get(member.pk, 0))
        caps[member.pk] = effective.member
    usage = _usage_of_members(team, members, caps)
    return [
        MemberQuota(member, caps[member.pk], use_of_cap(caps[member.pk], usage.get(member.user_id, Usage())))
        for member in members
    ]


def read_usage(membership: Membership, quota: EffectiveQuota, api_key: ApiKey | None = None) -> dict[str, Usage]:
    """Read what the member and the key have used of each limit that is set, in one query; none without limits.

    It is exact while the wallet is locked: every hold of the team is placed and settled under that lock.
    """
    holders = {"member": Q(user=membership.user_id), "key": Q(api_key=api_key)}
    holds = Hold.objects.filter(wallet__team=membership.team_id).order_by()
    queries = [
        usage_of(holds.filter(holders[holder]).values(holder=Value(holder)), period_start(caps))
        for holder, caps in quota
        if caps.cap.value or caps.max_jobs.value is not None
    ]
    if not queries:
        return {}
    rows = queries[0].union(*queries[1:], all=True)
    return {row.pop("holder"): Usage(**row) for row in rows}


def usage_of(holds: QuerySet[Hold, Any], since: datetime) -> QuerySet[Hold, Any]:
    """Aggregate grouped holds into the fields of `Usage`. A released hold counts for nothing.

    Credits count in the period in which they were held; a job in progress counts whenever it began.
    """
    is_pending, is_in_period = Q(state=HoldState.PENDING), Q(created_at__gte=since)
    columns: dict[str, Aggregate] = {
        "held": Sum("amount", filter=is_pending & is_in_period, default=0),
        "charged": Sum("captured", filter=is_in_period, default=0),
        "running": Count("pk", filter=is_pending),
    }
    return holds.filter(is_pending | is_in_period).annotate(**columns)


def period_start(caps: QuotaLimits) -> datetime:
    """The moment from which holds count against the cap; without a cap, the end of time."""
    if caps.cap.value is None:
        return datetime.max.replace(tzinfo=UTC)
    return caps.cap.value.span.start or datetime.min.replace(tzinfo=UTC)


def quota_uses(quota: EffectiveQuota, usage: Mapping[str, Usage]) -> list[QuotaUse]:
    """The use of each cap that is set: the member's, then the key's."""
    return [use for holder, caps in quota if (use := use_of_cap(caps, usage.get(holder, Usage())))]


def use_of_cap(caps: QuotaLimits, usage: Usage) -> QuotaUse | None:
    cap, level = caps.cap.value, caps.cap.level
    if cap is None or level is None:
        return None
    return QuotaUse(
        cap=cap.credits,
        held=usage.held,
        charged=usage.charged,
        resets_at=cap.span.end,
        level=level,
        raised=cap.raised,
    )


def exceeded_limits(
    membership: Membership, quota: EffectiveQuota, usage: Mapping[str, Usage], amount: int
) -> Iterator[OutOfCreditsError | TooManyJobsError]:
    """Yield an error for each limit that a job of this amount exceeds: first the caps, then the jobs at once."""
    for use in quota_uses(quota, usage):
        if use.left < amount:
            shortage = Shortage(
                required=amount,
                available=max(0, use.left),
                held=use.held,
                limit=use.level.limit,
                resets_at=use.resets_at,
                contacts=credit_contacts(membership.team),
            )
            yield OutOfCreditsError(shortage)
    for holder, caps in quota:
        most, running = caps.max_jobs, usage.get(holder, Usage()).running
        if most.value is not None and most.level and running >= most.value:
            yield TooManyJobsError(most.level.limit, most.value, running)


def _level(quota: Quota) -> Level:
    if quota.api_key_id:
        return Level.KEY
    if quota.membership_id:
        return Level.MEMBER
    return Level.ROLE if quota.role else Level.TEAM


Rows = Sequence[tuple[Level, Quota]]


def _caps(rows: Rows, moment: datetime, time_zone: str, raised: int = 0) -> QuotaLimits:
    models = _nearest(rows, "allowed_models")
    return QuotaLimits(
        cap=_cap(rows, moment, time_zone, raised),
        max_jobs=_nearest(rows, "max_jobs"),
        max_seconds=_nearest(rows, "max_seconds"),
        max_tier=_nearest(rows, "max_tier"),
        allowed_models=LimitSetting(tuple(models.value), models.level) if models.value else LimitSetting(),
    )


def _nearest(rows: Rows, field: str) -> LimitSetting[Any]:
    """An empty text or list sets no limit, as an empty number does; a zero is a limit."""
    found = ((getattr(quota, field), level) for level, quota in rows)
    return next((LimitSetting(value, level) for value, level in found if value not in (None, "", [])), LimitSetting())


def _cap(rows: Rows, moment: datetime, time_zone: str, raised: int) -> LimitSetting[CreditCap]:
    for level, quota in rows:
        if quota.is_uncapped:
            return LimitSetting(None, level)
        if quota.cap is not None:
            span = span_of(quota.period, moment, time_zone)
            return LimitSetting(CreditCap(quota.cap + raised, span, quota.period, raised), level)
    return LimitSetting()


def _check_model(allowed: LimitSetting[tuple[str, ...]], model: str) -> None:
    if allowed.value is not None and allowed.level and model not in allowed.value:
        names = ", ".join(allowed.value)
        raise NotAllowedError("model", allowed.level.limit, f"does not allow {model}. Choose {names}.")


def _check_seconds(most: LimitSetting[int], seconds: int) -> None:
    if most.value is not None and most.level and seconds > most.value:
        unit = "second" if most.value == 1 else "seconds"
        raise NotAllowedError("duration", most.level.limit, f"allows up to {most.value} {unit} per video.")


def _check_tier(largest: LimitSetting[str], tier: str) -> None:
    sizes = list(SUPPORT.tiers)
    if largest.value and largest.level and sizes.index(tier) > sizes.index(largest.value):
        raise NotAllowedError("resolution", largest.level.limit, f"allows up to {largest.value}.")


def _quotas_of(team: Team, members: Sequence[Membership]) -> list[Quota]:
    return list(Quota.objects.filter(Q(membership=None) | Q(membership__in=members), team=team, api_key=None))


def _applies(quota: Quota, member: Membership) -> bool:
    if quota.membership_id:
        return quota.membership_id == member.pk
    return quota.role in ("", member.role)


def _raised_of(members: Sequence[Membership]) -> dict[int, int]:
    live = QuotaRaise.objects.live().filter(membership__in=members)
    return dict(live.order_by().values_list("membership").annotate(Sum("amount")))


def _usage_of_members(team: Team, members: Sequence[Membership], caps: Mapping[int, QuotaLimits]) -> dict[int, Usage]:
    """Read the usage of the capped members, in one query for each period that begins at another time."""
    users_by_start = defaultdict(list)
    for member in members:
        if caps[member.pk].cap.value:
            users_by_start[period_start(caps[member.pk])].append(member.user_id)
    usage: dict[int, Usage] = {}
    for start, users in users_by_start.items():
        holds = Hold.objects.filter(wallet__team=team, user__in=users).order_by().values("user")
        usage |= {row.pop("user"): Usage(**row) for row in usage_of(holds, start)}
    return usage
