"""What the credit limit pages show: the limits of the team, roles and keys, and each member's effective limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from generations.accounts.models import ApiKey, Membership, Team
from generations.accounts.roles import RIGHTS, Right, Role
from generations.common.errors import NotFoundError
from generations.common.pagination import numbered_page
from generations.credits.models import Period, Quota
from generations.credits.quota_settings import QuotaHolder
from generations.credits.quotas import Level, LimitSetting, MemberQuota, QuotaLimits, quotas_of_members

from .. import formatting

PAGE_SIZE = 50
MAX_KEYS = 100
GENERATING_ROLES = [role for role in Role if Right.GENERATE in RIGHTS[role]]
SOURCES = {
    Level.TEAM: "team default",
    Level.ROLE: "role",
    Level.MEMBER: "member",
    Level.KEY: "key",
}
_PER_PERIOD = {Period.DAY: "/day", Period.WEEK: "/week", Period.MONTH: "/month", Period.NONE: " in total"}


@dataclass(frozen=True)
class LimitRow:
    """One effective limit with the level that set it."""

    label: str
    value: str
    source: str


@dataclass(frozen=True)
class QuotaRow:
    """The quota of one level; None if it is not set."""

    level: Level
    subject: str
    label: str
    quota: Quota | None


@dataclass(frozen=True)
class MemberRow:
    quota: MemberQuota
    limits: list[LimitRow]


@dataclass(frozen=True)
class MembersPage:
    rows: list[MemberRow]
    next_cursor: str | None


def quota_rows(team: Team) -> list[QuotaRow]:
    """Return the team default, then the roles that may generate, then the active keys."""
    quotas = list(Quota.objects.filter(team=team, membership=None))
    by_role = {quota.role: quota for quota in quotas if not quota.api_key_id}
    by_key = {quota.api_key_id: quota for quota in quotas if quota.api_key_id}
    keys = ApiKey.objects.live().filter(team=team).order_by("name")[:MAX_KEYS]
    return [
        QuotaRow(Level.TEAM, "default", _label(""), by_role.get("")),
        *(QuotaRow(Level.ROLE, role, _label(role), by_role.get(role)) for role in GENERATING_ROLES),
        *(QuotaRow(Level.KEY, str(key.pk), f"Key {key.name}", by_key.get(key.pk)) for key in keys),
    ]


def members_page(team: Team, *, cursor: str | None) -> MembersPage:
    """Return the members who may generate, in the order in which they joined. Raises BadCursorError."""
    members = team.memberships.active().select_related("user", "team").filter(role__in=GENERATING_ROLES)
    page = numbered_page(members, cursor=cursor, size=PAGE_SIZE, is_newest_first=False)
    rows = [MemberRow(quota, limit_rows(quota.caps)) for quota in quotas_of_members(team, page.rows)]
    return MembersPage(rows, page.next_cursor)


def access_holder(team: Team, level: str, subject: str) -> QuotaHolder:
    """Return the holder of the quota that a URL names. Raises NotFoundError."""
    if level == Level.TEAM and subject == "default":
        return QuotaHolder(team=team)
    if level == Level.ROLE and subject in GENERATING_ROLES:
        return QuotaHolder(team=team, role=subject)
    if level == Level.MEMBER and (member := _find_member(team, subject)):
        return QuotaHolder(team=team, membership=member)
    if level == Level.KEY and (key := _find_key(team, subject)):
        return QuotaHolder(team=team, api_key=key)
    raise NotFoundError


def holder_label(holder: QuotaHolder) -> str:
    if holder.membership:
        return str(holder.membership.user)
    return f"Key {holder.api_key.name}" if holder.api_key else _label(holder.role)


def limit_rows(caps: QuotaLimits) -> list[LimitRow]:
    """Return every limit that some level has set."""
    return list(_limit_rows(caps))


def cap_text(caps: QuotaLimits) -> str:
    """Format the credit limit: `500 credits/month (200 + 300 temporary)`, `Unlimited`."""
    if (cap := caps.cap.value) is None:
        return "Unlimited"
    base, increase = formatting.figure(cap.credits - cap.raised), formatting.figure(cap.raised)
    details = f" ({base} + {increase} temporary)" if cap.raised else ""
    return f"{formatting.in_credits(cap.credits)}{_PER_PERIOD[Period(cap.period)]}{details}"


def source_of(ruled: LimitSetting[Any]) -> str:
    return SOURCES[ruled.level] if ruled.level else "not set"


def _limit_rows(caps: QuotaLimits) -> Iterator[LimitRow]:
    if caps.cap.level:
        yield LimitRow("Credits", cap_text(caps), source_of(caps.cap))
    if caps.max_jobs.value is not None:
        yield LimitRow("Concurrent jobs", str(caps.max_jobs.value), source_of(caps.max_jobs))
    if caps.max_seconds.value is not None:
        yield LimitRow("Duration", f"up to {caps.max_seconds.value} s", source_of(caps.max_seconds))
    if caps.max_tier.value:
        yield LimitRow("Resolution", f"up to {formatting.humanize(caps.max_tier.value)}", source_of(caps.max_tier))
    if caps.allowed_models.value:
        names = ", ".join(map(formatting.model_name, caps.allowed_models.value))
        yield LimitRow("Models", names, source_of(caps.allowed_models))


def _label(role: str) -> str:
    return f"{Role(role).label} role" if role else "Team default"


def _find_member(team: Team, subject: str) -> Membership | None:
    if not (subject.isascii() and subject.isdigit() and len(subject) <= 18):
        return None
    return team.memberships.select_related("user", "team").filter(pk=int(subject)).first()


def _find_key(team: Team, subject: str) -> ApiKey | None:
    try:
        return ApiKey.objects.live().filter(team=team, pk=UUID(subject)).first()
    except ValueError:
        return None
