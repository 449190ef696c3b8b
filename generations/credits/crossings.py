"""Tell, once for each crossing, that a wallet or a member's quota is used up to 75, 90 or 100 percent.

- A wallet counts from its last income: what has been spent and is held since, of what it owned then.
- A quota counts within its period: what has been spent and is held, of the cap.
- Who is told: the team's watchers, and without any whoever manages its credits; of a quota the member too.
Called on a schedule, in bulk; the submit path knows nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse

from generations.accounts.models import Membership, Team, User

from .managers import managers_of
from .models import Quota
from .rosters import quotas_of_members
from .tellings import tell

LEVELS = (75, 90, 100)
_BATCH = 500


@dataclass(frozen=True)
class Use:
    """So many percent of a wallet, or of a member's quota, within what `basis` names."""

    team_id: int
    membership_id: int | None
    basis: str
    percent: int

    @property
    def levels(self) -> list[int]:
        return [level for level in LEVELS if self.percent >= level]


# An income's entry knows what the wallet owned then. A lot that a wallet opened with has none, and is that sum itself.
_WALLETS = """
SELECT w.team_id, 'lot:' || lot.id,
    CASE WHEN own.posted <= 0 THEN 0 ELSE (100 * (own.posted - (w.posted - w.held)) / own.posted)::bigint END
FROM generations_wallet w
CROSS JOIN LATERAL (
    SELECT id, entry_id, amount FROM generations_lot WHERE wallet_id = w.id ORDER BY id DESC LIMIT 1
) lot
LEFT JOIN generations_ledgerentry entry ON entry.id = lot.entry_id
CROSS JOIN LATERAL (SELECT COALESCE(entry.posted_after - entry.held_after, lot.amount) AS posted) own
WHERE own.posted > 0 AND 100 * (own.posted - (w.posted - w.held)) >= %s * own.posted
"""


_KEEP = """
INSERT INTO generations_crossing (team_id, membership_id, basis, level)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::smallint[])
    AS passed (team_id, member_id, basis, level)
WHERE NOT EXISTS (
    SELECT FROM generations_crossing known WHERE known.team_id = passed.team_id AND known.basis = passed.basis
        AND known.membership_id IS NOT DISTINCT FROM passed.member_id AND known.level = passed.level
)
ON CONFLICT DO NOTHING
RETURNING team_id, membership_id, basis, level
"""


@transaction.atomic
def note_crossings() -> int:
    """Keep and tell every crossing that is new; of several levels passed at once the highest. Returns how many."""
    passed = {(use.team_id, use.membership_id, use.basis): use for use in (*_wallet_uses(), *_quota_uses())}
    new = _kept(list(passed.values()))
    for key, level in new.items():
        if level == max(passed[key].levels):
            _tell(passed[key], level)
    return len(new)


def _wallet_uses() -> Iterator[Use]:
    with connection.cursor() as cursor:
        cursor.execute(_WALLETS, [LEVELS[0]])
        for team_id, basis, percent in cursor.fetchall():
            yield Use(team_id, None, basis, percent)


def _quota_uses() -> Iterator[Use]:
    """Only teams with a cap, and in them only members with a hold in some period, can have crossed anything."""
    teams = Team.objects.filter(pk__in=Quota.objects.filter(cap__gt=0, api_key=None).values("team"))
    for team in teams.order_by("pk").iterator():
        members = team.memberships.active().select_related("user", "team").order_by("pk")
        for batch in _batches(list(members)):
            yield from _uses_of(team, batch)


def _uses_of(team: Team, members: list[Membership]) -> Iterator[Use]:
    for held in quotas_of_members(team, members):
        if held.use is None or held.use.cap <= 0 or held.caps.cap.value is None:
            continue
        began = held.caps.cap.value.span.start
        basis = f"{held.caps.cap.value.period}:{began:%Y-%m-%dT%H}" if began else f"in all:{held.use.cap}"
        if (percent := 100 * held.use.spent // held.use.cap) >= LEVELS[0]:
            yield Use(team.pk, held.membership.pk, basis, percent)


def _batches(members: list[Membership]) -> Iterator[list[Membership]]:
    for start in range(0, len(members), _BATCH):
        yield members[start : start + _BATCH]


def _kept(uses: list[Use]) -> dict[tuple[int, int | None, str], int]:
    """Store what was passed and return the highest level that is new of each: what others stored, they have told."""
    rows = [(use.team_id, use.membership_id, use.basis, level) for use in uses for level in use.levels]
    kept: dict[tuple[int, int | None, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []])
        for *key, level in cursor.fetchall():
            team_id, membership_id, basis = key
            kept[team_id, membership_id, basis] = max(level, kept.get((team_id, membership_id, basis), 0))
    return kept


def _tell(use: Use, level: int) -> None:
    team = Team.objects.get(pk=use.team_id)
    members = Membership.objects.select_related("user")
    member = members.get(pk=use.membership_id) if use.membership_id else None
    whose = f"{member.user}'s quota in {team}" if member else f"The wallet of {team}"
    state = "used up" if level == LEVELS[-1] else f"used to {level} %"
    told: dict[str, Any] = {"kind": "credits.crossed", "path": reverse("credits", args=[team.slug]), "team": team}
    others = [person for person in watchers_of(team) if member is None or person.pk != member.user_id]
    tell(others, text=f"{whose} is {state}.", **told)
    if member:
        tell([member.user], text=f"Your quota in {team} is {state}.", **told)


def watchers_of(team: Team) -> list[User]:
    """Who is named to be told, and still is a member; otherwise whoever manages the team's credits."""
    named = team.memberships.active().filter(spend_watcher__isnull=False).values("user")
    return list(User.objects.filter(pk__in=named).order_by("pk")) or list(managers_of(team))
