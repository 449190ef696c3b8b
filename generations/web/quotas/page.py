"""A quota in words: each limit with who set it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from generations.accounts.models import ApiKey, Membership, Team
from generations.accounts.roles import RIGHTS, Right, Role
from generations.common.errors import NotFoundError
from generations.common.pagination import numbered_page
from generations.credits.limits import QuotaHolder
from generations.credits.models import Period, Quota
from generations.credits.quotas import Caps, Level, Ruled
from generations.credits.rosters import MemberQuota, quotas_of_members

from .. import formatting

SOURCES = {
    Level.TEAM: "team's default",
    Level.ROLE: "role",
    Level.MEMBER: "member",
    Level.KEY: "key",
}


@dataclass(frozen=True)
class LimitLine:
    label: str
    value: str
    source: str


def limit_lines(caps: Caps) -> list[LimitLine]:
    """Every limit that somebody set."""
    return list(_lines(caps))


def cap_words(caps: Caps) -> str:
    """`500 credits a month, 100 of them raised`, `no cap`."""
    if (cap := caps.cap.value) is None:
        return "no cap"
    raised = f", {formatting.figure(cap.raised)} of them raised" if cap.raised else ""
    return f"{formatting.in_credits(cap.credits)} {Period(cap.period).label}{raised}"


def source_of(ruled: Ruled[Any]) -> str:
    return SOURCES[ruled.level] if ruled.level else "nobody set one"


def _lines(caps: Caps) -> Iterator[LimitLine]:
    if caps.cap.level:
        yield LimitLine("Credits", cap_words(caps), source_of(caps.cap))
    if caps.max_jobs.value is not None:
        yield LimitLine("Jobs at once", str(caps.max_jobs.value), source_of(caps.max_jobs))
    if caps.max_seconds.value is not None:
        yield LimitLine("Seconds a job", f"up to {caps.max_seconds.value}", source_of(caps.max_seconds))
    if caps.max_tier.value:
        yield LimitLine("Size", f"up to {formatting.humanize(caps.max_tier.value)}", source_of(caps.max_tier))
    if caps.allowed_models.value:
        names = ", ".join(map(formatting.model_name, caps.allowed_models.value))
        yield LimitLine("Models", names, source_of(caps.allowed_models))


PAGE_SIZE = 50
MOST_KEYS = 100
GENERATING = [role for role in Role if Right.GENERATE in RIGHTS[role]]


@dataclass(frozen=True)
class RuleLine:
    """One quota as it is set, or that none is."""

    level: Level
    subject: str
    label: str
    quota: Quota | None


@dataclass(frozen=True)
class MemberLine:
    quota: MemberQuota
    limits: list[LimitLine]


@dataclass(frozen=True)
class MembersPage:
    rows: list[MemberLine]
    next_cursor: str | None


def rule_lines(team: Team) -> list[RuleLine]:
    """The team's default, then the roles that may generate, then the keys that are live."""
    quotas = list(Quota.objects.filter(team=team, membership=None))
    by_role = {quota.role: quota for quota in quotas if not quota.api_key_id}
    by_key = {quota.api_key_id: quota for quota in quotas if quota.api_key_id}
    keys = ApiKey.objects.live().filter(team=team).order_by("name")[:MOST_KEYS]
    return [
        RuleLine(Level.TEAM, "default", "Every member", by_role.get("")),
        *(RuleLine(Level.ROLE, role, f"Every {role.label.lower()}", by_role.get(role)) for role in GENERATING),
        *(RuleLine(Level.KEY, str(key.pk), f"Key {key.name}", by_key.get(key.pk)) for key in keys),
    ]


def members_page(team: Team, *, cursor: str | None) -> MembersPage:
    """Members who may generate, in the order in which they came. Raises BadCursorError."""
    members = team.memberships.active().select_related("user", "team").filter(role__in=GENERATING)
    page = numbered_page(members, cursor=cursor, size=PAGE_SIZE, is_newest_first=False)
    rows = [MemberLine(quota, limit_lines(quota.caps)) for quota in quotas_of_members(team, page.rows)]
    return MembersPage(rows, page.next_cursor)


def holder_of(team: Team, level: str, subject: str) -> QuotaHolder:
    """Whose quota an address means. Raises NotFoundError."""
    if level == Level.TEAM and subject == "default":
        return QuotaHolder(team=team)
    if level == Level.ROLE and subject in GENERATING:
        return QuotaHolder(team=team, role=subject)
    if level == Level.MEMBER and (member := _member(team, subject)):
        return QuotaHolder(team=team, membership=member)
    if level == Level.KEY and (key := _key(team, subject)):
        return QuotaHolder(team=team, api_key=key)
    raise NotFoundError


def label_of(holder: QuotaHolder) -> str:
    if holder.membership:
        return str(holder.membership.user)
    if holder.api_key:
        return f"Key {holder.api_key.name}"
    return f"Every {Role(holder.role).label.lower()}" if holder.role else "Every member"


def _member(team: Team, subject: str) -> Membership | None:
    if not (subject.isascii() and subject.isdigit() and len(subject) <= 18):
        return None
    return team.memberships.select_related("user", "team").filter(pk=int(subject)).first()


def _key(team: Team, subject: str) -> ApiKey | None:
    try:
        return ApiKey.objects.live().filter(team=team, pk=UUID(subject)).first()
    except ValueError:
        return None
