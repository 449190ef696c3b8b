"""Effective quotas: each limit of a member or a key with the level that sets it, and what has been used of it.

The member's own quota goes before the role's, and the role's before the team's default: the first that sets a field
decides it. A temporary increase adds to the credits. A key's quota applies beside these. A service key counts against
no member: only its own quota applies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.db.models import Aggregate, BigIntegerField, Count, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Now

from generations.accounts.models import ApiKey, Membership
from generations.contract.support import SUPPORT

from .errors import Limit, NotAllowedError, OutOfCreditsError, Shortage, TooManyJobsError
from .managers import contacts_of
from .models import Hold, HoldState, Quota, QuotaRaise
from .periods import Span, span_of

T = TypeVar("T")


class Level(StrEnum):
    """Who set a value, from the farthest to the nearest."""

    TEAM = "team"
    ROLE = "role"
    MEMBER = "member"
    KEY = "key"

    @property
    def limit(self) -> Limit:
        return _LIMITS[self]


# The team's default is a cap of each member's.
_LIMITS: dict[Level, Limit] = {
    Level.TEAM: "member",
    Level.ROLE: "role",
    Level.MEMBER: "member",
    Level.KEY: "key",
}


@dataclass(frozen=True)
class Ruled(Generic[T]):
    """A value and who set it. Without a value there is no limit; without a level nobody said anything."""

    value: T | None = None
    level: Level | None = None


@dataclass(frozen=True)
class Cap:
    """Credits in a period, of which `raised` are a temporary raise."""

    credits: int
    span: Span
    period: str
    raised: int = 0


@dataclass(frozen=True)
class Caps:
    """All limits of one member or of one key. `max_tier` is the largest size, as the contract names its tiers."""

    cap: Ruled[Cap] = Ruled()
    max_jobs: Ruled[int] = Ruled()
    max_seconds: Ruled[int] = Ruled()
    max_tier: Ruled[str] = Ruled()
    allowed_models: Ruled[tuple[str, ...]] = Ruled()


@dataclass(frozen=True)
class EffectiveQuota:
    """All limits of one submit. `member` is empty for a service key, `key` without a key; a job must fit both."""

    member: Caps = Caps()
    key: Caps = Caps()

    def check(self, *, model: str, resolution: str, seconds: int) -> None:
        """Raise NotAllowedError when a list or a maximum of one job excludes this one."""
        for _, caps in self:
            _check_model(caps.allowed_models, model)
            _check_seconds(caps.max_seconds, seconds)
            _check_tier(caps.max_tier, SUPPORT.tier(resolution))

    def __iter__(self) -> Iterator[tuple[str, Caps]]:
        yield from (("member", self.member), ("key", self.key))


@dataclass(frozen=True)
class Usage:
    """Credits held and charged in the current period of the cap, and the number of jobs in progress."""

    held: int = 0
    charged: int = 0
    running: int = 0


@dataclass(frozen=True)
class QuotaUse:
    """Credits of the current period, held and charged, against the cap. `level` is who set it."""

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
        """Below zero when the cap was lowered under what had been spent."""
        return self.cap - self.spent


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


def period_start(caps: Caps) -> datetime:
    """The moment from which holds count against the cap; without a cap, the end of time."""
    if caps.cap.value is None:
        return datetime.max.replace(tzinfo=UTC)
    return caps.cap.value.span.start or datetime.min.replace(tzinfo=UTC)


def quota_uses(quota: EffectiveQuota, usage: Mapping[str, Usage]) -> list[QuotaUse]:
    """The use of each cap that is set: the member's, then the key's."""
    return [use for holder, caps in quota if (use := use_of_cap(caps, usage.get(holder, Usage())))]


def use_of_cap(caps: Caps, usage: Usage) -> QuotaUse | None:
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
                contacts=contacts_of(membership.team),
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


def _caps(rows: Rows, moment: datetime, time_zone: str, raised: int = 0) -> Caps:
    models = _nearest(rows, "allowed_models")
    return Caps(
        cap=_cap(rows, moment, time_zone, raised),
        max_jobs=_nearest(rows, "max_jobs"),
        max_seconds=_nearest(rows, "max_seconds"),
        max_tier=_nearest(rows, "max_tier"),
        allowed_models=Ruled(tuple(models.value), models.level) if models.value else Ruled(),
    )


def _nearest(rows: Rows, field: str) -> Ruled[Any]:
    """An empty text or list sets no limit, as an empty number does; a zero is a limit."""
    found = ((getattr(quota, field), level) for level, quota in rows)
    return next((Ruled(value, level) for value, level in found if value not in (None, "", [])), Ruled())


def _cap(rows: Rows, moment: datetime, time_zone: str, raised: int) -> Ruled[Cap]:
    for level, quota in rows:
        if quota.is_uncapped:
            return Ruled(None, level)
        if quota.cap is not None:
            span = span_of(quota.period, moment, time_zone)
            return Ruled(Cap(quota.cap + raised, span, quota.period, raised), level)
    return Ruled()


def _check_model(allowed: Ruled[tuple[str, ...]], model: str) -> None:
    if allowed.value is not None and allowed.level and model not in allowed.value:
        names = ", ".join(allowed.value)
        raise NotAllowedError("model", allowed.level.limit, f"does not allow {model}. Choose {names}.")


def _check_seconds(most: Ruled[int], seconds: int) -> None:
    if most.value is not None and most.level and seconds > most.value:
        raise NotAllowedError("duration", most.level.limit, f"allows {most.value} seconds a job, not {seconds}.")


def _check_tier(largest: Ruled[str], tier: str) -> None:
    sizes = list(SUPPORT.tiers)
    if largest.value and largest.level and sizes.index(tier) > sizes.index(largest.value):
        raise NotAllowedError("resolution", largest.level.limit, f"allows sizes up to {largest.value}, not {tier}.")
