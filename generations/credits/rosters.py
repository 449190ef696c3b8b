"""The quotas of many members together: the limits, the level that sets each, and what is used.

It takes as many queries for a thousand members as for one: three, and one for each kind of period.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, Sum

from generations.accounts.models import Membership, Team
from generations.common.clock import database_now

from .models import Hold, Quota, QuotaRaise
from .quotas import Caps, QuotaUse, Usage, period_start, quota_from, usage_of, use_of_cap


@dataclass(frozen=True)
class MemberQuota:
    """`use` is None while no cap holds."""

    membership: Membership
    caps: Caps
    use: QuotaUse | None


def quotas_of_members(team: Team, members: Sequence[Membership]) -> list[MemberQuota]:
    """Return the quota of each member, in the order of the members, who are all of the team."""
    now, quotas, raised = database_now(), _quotas(team, members), _raised(members)
    caps = {}
    for member in members:
        applying = [quota for quota in quotas if _applies(quota, member)]
        effective = quota_from(applying, moment=now, time_zone=team.time_zone, raised=raised.get(member.pk, 0))
        caps[member.pk] = effective.member
    usage = _usage(team, members, caps)
    return [
        MemberQuota(member, caps[member.pk], use_of_cap(caps[member.pk], usage.get(member.user_id, Usage())))
        for member in members
    ]


def _quotas(team: Team, members: Sequence[Membership]) -> list[Quota]:
    return list(Quota.objects.filter(Q(membership=None) | Q(membership__in=members), team=team, api_key=None))


def _applies(quota: Quota, member: Membership) -> bool:
    if quota.membership_id:
        return quota.membership_id == member.pk
    return quota.role in ("", member.role)


def _raised(members: Sequence[Membership]) -> dict[int, int]:
    live = QuotaRaise.objects.live().filter(membership__in=members)
    return dict(live.order_by().values_list("membership").annotate(Sum("amount")))


def _usage(team: Team, members: Sequence[Membership], caps: Mapping[int, Caps]) -> dict[int, Usage]:
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
