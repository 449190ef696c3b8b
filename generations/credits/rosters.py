"""The quotas of many members at once: what holds, where it comes from, what is used. Four queries, however many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from generations.accounts.models import Membership, Team
from generations.common.clock import database_now

from .balances import QuotaUse
from .models import Quota, QuotaRaise
from .quotas import Caps, quota_from
from .wallets import wallet_of


@dataclass(frozen=True)
class MemberQuota:
    """`use` is None while no cap holds."""

    membership: Membership
    caps: Caps
    use: QuotaUse | None


# What each of several members has held and charged since a moment of their own; NULL is the beginning of time.
_USES = """
SELECT member.user_id, used.held, used.charged
FROM unnest(%s::bigint[], %s::timestamptz[]) AS member (user_id, since),
    LATERAL generations_quota_use(%s, member.user_id, NULL, member.since) used
"""


def quotas_of_members(team: Team, members: Sequence[Membership]) -> list[MemberQuota]:
    """In the order of the members, who are all of the team."""
    now, caps_by_member = database_now(), {}
    rows, raised = _rows(team, members), _raised(members, now)
    for member in members:
        applying = [row for row in rows if _applies(row, member)]
        told = {"now": now.isoformat(), "quotas": applying, "raised": raised.get(member.pk, 0)}
        caps_by_member[member.pk] = quota_from(told, team.time_zone).member
    uses = _uses(team, members, caps_by_member)
    return [MemberQuota(member, caps_by_member[member.pk], uses.get(member.user_id)) for member in members]


def _rows(team: Team, members: Sequence[Membership]) -> list[dict[str, Any]]:
    found = Quota.objects.filter(team=team, api_key=None)
    rows = found.filter(Q(membership=None) | Q(membership__in=[member.pk for member in members]))
    return [dict(row) for row in rows.values()]


def _applies(row: dict[str, Any], member: Membership) -> bool:
    if row["membership_id"]:
        return bool(row["membership_id"] == member.pk)
    return row["role"] in ("", member.role)


def _raised(members: Sequence[Membership], now: datetime) -> dict[int, int]:
    live = QuotaRaise.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), membership__in=members)
    return dict(live.order_by().values_list("membership").annotate(Sum("amount")))


def _uses(team: Team, members: Sequence[Membership], caps: dict[int, Caps]) -> dict[int, QuotaUse]:
    capped = {m.user_id: caps[m.pk].cap for m in members if caps[m.pk].cap.value and caps[m.pk].cap.level}
    since = [ruled.value.span.start for ruled in capped.values() if ruled.value]
    with connection.cursor() as cursor:
        cursor.execute(_USES, [list(capped), since, wallet_of(team).pk])
        return {
            user_id: QuotaUse(
                cap=cap.value.credits,
                held=held,
                charged=charged,
                resets_at=cap.value.span.end,
                level=cap.level,
                raised=cap.value.raised,
            )
            for user_id, held, charged in cursor.fetchall()
            if (cap := capped[user_id]).value and cap.level
        }
