"""What one may use of the wallet: each field of the quota with the level that it comes from.

Of the team's default, the role's quota and the member's own, the nearest that sets a field decides it; a temporary
raise adds to the credits. A key's quota holds beside these. A service key is nobody's: it has its own quota alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.db import connection

from generations.accounts.models import ApiKey, Membership
from generations.contract.support import SUPPORT

from .errors import Limit, NotAllowedError
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
    """What holds for whoever submits. `member` is empty for a service key, `key` without one; a job must fit both."""

    member: Caps = Caps()
    key: Caps = Caps()

    @property
    def bounds(self) -> list[dict[str, Any]]:
        """What only the database can decide, in the order in which it is asked: credits, then jobs at once."""
        return [
            *({"of": of, "cap": c.cap.value.credits, "since": c.cap.value.span.start} for of, c in self if c.cap.value),
            *({"of": of, "most": c.max_jobs.value} for of, c in self if c.max_jobs.value is not None),
        ]

    def check(self, *, model: str, resolution: str, seconds: int) -> None:
        """Raise NotAllowedError when a list or a maximum of one job excludes this one."""
        for _, caps in self:
            _check_model(caps.allowed_models, model)
            _check_seconds(caps.max_seconds, seconds)
            _check_tier(caps.max_tier, SUPPORT.tier(resolution))

    def __iter__(self) -> Iterator[tuple[str, Caps]]:
        yield from (("member", self.member), ("key", self.key))


# Whose rows are asked for: without a membership the key's alone.
APPLYING = """
    quota.team_id = %(team)s AND (
        quota.api_key_id = %(key)s::uuid OR %(member)s::bigint IS NOT NULL AND quota.api_key_id IS NULL AND (
            quota.membership_id = %(member)s OR quota.membership_id IS NULL AND quota.role IN ('', %(role)s)
        )
    )
"""

# One JSON document, so that whoever finds a quota on the way can bring the rules along.
RULES = f"""
SELECT jsonb_build_object(
    'now', statement_timestamp(),
    'quotas', COALESCE((SELECT jsonb_agg(to_jsonb(quota)) FROM generations_quota quota WHERE {APPLYING}), '[]'),
    'raised', (
        SELECT COALESCE(SUM(amount), 0) FROM generations_quotaraise
        WHERE membership_id = %(member)s AND (expires_at IS NULL OR expires_at > statement_timestamp())
    )
)
"""  # noqa: S608 - put together from our own constants


def effective_quota(membership: Membership, api_key: ApiKey | None = None) -> EffectiveQuota:
    """Read what holds for the member, or for whoever uses the key, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(RULES, applicant(membership, api_key))
        (rules,) = cursor.fetchone()
    return quota_from(rules, membership.team.time_zone)


def applicant(membership: Membership, api_key: ApiKey | None) -> dict[str, Any]:
    """The parameters of APPLYING and RULES."""
    is_member = api_key is None or not api_key.is_service
    return {
        "team": membership.team_id,
        "member": membership.pk if is_member else None,
        "role": membership.role,
        "key": api_key.pk if api_key else None,
    }


def quota_from(rules: str | Mapping[str, Any], time_zone: str) -> EffectiveQuota:
    """Settle the document that RULES gives."""
    told: Mapping[str, Any] = json.loads(rules) if isinstance(rules, str) else rules
    levels = {_level(row): row for row in told["quotas"]}
    own = levels.pop(Level.KEY, None)
    moment = datetime.fromisoformat(told["now"])
    nearest_first = [(level, levels[level]) for level in (Level.MEMBER, Level.ROLE, Level.TEAM) if level in levels]
    return EffectiveQuota(
        member=_caps(nearest_first, moment, time_zone, raised=told["raised"]),
        key=_caps([(Level.KEY, own)] if own else [], moment, time_zone),
    )


def _level(row: Mapping[str, Any]) -> Level:
    if row["api_key_id"]:
        return Level.KEY
    if row["membership_id"]:
        return Level.MEMBER
    return Level.ROLE if row["role"] else Level.TEAM


Rows = Sequence[tuple[Level, Mapping[str, Any]]]


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
    """An empty text or list says nothing, as an empty number does; a zero says zero."""
    said = ((row[field], level) for level, row in rows if row[field] not in (None, "", []))
    return next((Ruled(value, level) for value, level in said), Ruled())


def _cap(rows: Rows, moment: datetime, time_zone: str, raised: int) -> Ruled[Cap]:
    for level, row in rows:
        if row["is_uncapped"]:
            return Ruled(None, level)
        if row["cap"] is not None:
            span = span_of(row["period"], moment, time_zone)
            return Ruled(Cap(row["cap"] + raised, span, row["period"], raised), level)
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
