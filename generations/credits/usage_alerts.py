"""Alert people once when 75, 90 or 100 percent of a wallet or of a member's quota is used.

- For a wallet: credits spent and reserved since the last income, as a share of what the wallet owned then.
- For a quota: credits spent and reserved in its period, as a share of the cap.
- Recipients: those the team has named; without any, the members who manage its credits. A member always gets the
  alerts about their own quota.
A periodic task sends alerts in bulk; the submit does not know of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.urls import reverse

from generations.accounts.models import Membership, Team, User
from generations.events.kinds import EventKind
from generations.events.mail import queue_mail
from generations.events.notifications import notify
from generations.events.record import record_audit

from .models import Quota, SpendWatcher, Wallet
from .quotas import quotas_of_members
from .wallets import credit_managers

ALERT_LEVELS = (75, 90, 100)
_BATCH = 500

# The entry of an income stores what the wallet owned then. The lot of an opening balance has no entry; its amount is
# what the wallet owned.
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

# The ORM cannot tell which of many rows an INSERT … ON CONFLICT DO NOTHING has stored.
_STORE = """
INSERT INTO generations_crossing (team_id, membership_id, basis, level)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::smallint[])
    AS reached (team_id, member_id, basis, level)
WHERE NOT EXISTS (
    SELECT FROM generations_crossing known WHERE known.team_id = reached.team_id AND known.basis = reached.basis
        AND known.membership_id IS NOT DISTINCT FROM reached.member_id AND known.level = reached.level
)
ON CONFLICT DO NOTHING
RETURNING team_id, membership_id, basis, level
"""

_Key = tuple[int, int | None, str]


@dataclass(frozen=True)
class UsageShare:
    """The percentage used of a wallet, or of a member's quota. `basis` names the income or the period."""

    team_id: int
    membership_id: int | None
    basis: str
    percent: int

    @property
    def key(self) -> _Key:
        return self.team_id, self.membership_id, self.basis

    @property
    def levels(self) -> list[int]:
        return [level for level in ALERT_LEVELS if self.percent >= level]


@transaction.atomic
def send_usage_alerts() -> int:
    """Store every level that was newly reached, and alert about the highest of each. Return how many alerts."""
    shares = {share.key: share for share in (*_wallet_shares(), *_quota_shares())}
    new_levels = _store_levels(list(shares.values()))
    for key, level in new_levels.items():
        if level == max(shares[key].levels):
            _send_alert(shares[key], level)
    return len(new_levels)


def alert_recipients(team: Team) -> list[User]:
    """Return the named recipients who are still active members; without any, the members who manage the credits."""
    named = team.memberships.active().filter(spend_watcher__isnull=False).values("user")
    return list(User.objects.filter(pk__in=named).order_by("pk")) or list(credit_managers(team))


@transaction.atomic
def set_alert_recipients(*, team: Team, member_ids: Collection[int], actor: User) -> None:
    """Replace the named recipients. Without any, alerts go to the members who manage the team's credits."""
    watchers = SpendWatcher.objects.filter(membership__team=team)
    before = _recipient_emails(team)
    watchers.exclude(membership__in=member_ids).delete()
    named = Membership.objects.active().filter(team=team, pk__in=member_ids)
    SpendWatcher.objects.bulk_create([SpendWatcher(membership=member) for member in named], ignore_conflicts=True)
    record_audit(
        EventKind.CREDITS_WATCHERS_SET,
        team_id=team.pk,
        actor_id=actor.pk,
        before={"watchers": before},
        after={"watchers": _recipient_emails(team)},
    )


def notify_and_mail(users: Collection[User], *, kind: str, text: str, path: str, team: Team, details: str = "") -> None:
    """Send a notification and an email. `text` is one sentence, also the subject; only the email has `details`."""
    notify(user_ids=[user.pk for user in users], kind=kind, text=text, path=path, team_id=team.pk)
    body = f"{text}\n\n{details}".rstrip()
    queue_mail(addresses=[user.email for user in users], subject=text[:150], text=body, path=path)


def _wallet_shares() -> Iterator[UsageShare]:
    with connection.cursor() as cursor:
        cursor.execute(_WALLETS, [ALERT_LEVELS[0]])
        for team_id, basis, percent in cursor.fetchall():
            yield UsageShare(team_id, None, basis, percent)


def _quota_shares() -> Iterator[UsageShare]:
    teams = Team.objects.filter(pk__in=Quota.objects.filter(cap__gt=0, api_key=None).values("team"))
    for team in teams.order_by("pk").iterator():
        members = list(team.memberships.active().select_related("user", "team").order_by("pk"))
        for start in range(0, len(members), _BATCH):
            yield from _shares_of(team, members[start : start + _BATCH])


def _shares_of(team: Team, members: list[Membership]) -> Iterator[UsageShare]:
    for quota in quotas_of_members(team, members):
        cap = quota.caps.cap.value
        if quota.use is None or quota.use.cap <= 0 or cap is None:
            continue
        began = cap.span.start
        basis = f"{cap.period}:{began:%Y-%m-%dT%H}" if began else f"in all:{quota.use.cap}"
        if (percent := 100 * quota.use.spent // quota.use.cap) >= ALERT_LEVELS[0]:
            yield UsageShare(team.pk, quota.membership.pk, basis, percent)


def _store_levels(shares: list[UsageShare]) -> dict[_Key, int]:
    """Store the levels. Return the highest new one of each share; a concurrent call has alerted about the others."""
    rows = [(*share.key, level) for share in shares for level in share.levels]
    highest: dict[_Key, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []])
        for team_id, membership_id, basis, level in cursor.fetchall():
            key = team_id, membership_id, basis
            highest[key] = max(level, highest.get(key, 0))
    return highest


def _send_alert(share: UsageShare, level: int) -> None:
    team = Team.objects.get(pk=share.team_id)
    send = partial(notify_and_mail, kind="credits.crossed", path=reverse("credits", args=[team.slug]), team=team)
    if share.membership_id is None:
        send(alert_recipients(team), text=_wallet_text(team, level))
        return
    member = Membership.objects.select_related("user").get(pk=share.membership_id).user
    is_used_up = level == ALERT_LEVELS[-1]
    about_member = "has reached their credit limit" if is_used_up else f"has used {level}% of their credit limit"
    about_you = "have reached your credit limit" if is_used_up else f"have used {level}% of your credit limit"
    others = [user for user in alert_recipients(team) if user.pk != member.pk]
    send(others, text=f"{member} {about_member} in {team}")
    send([member], text=f"You {about_you} in {team}")


def _wallet_text(team: Team, level: int) -> str:
    if level == ALERT_LEVELS[-1]:
        return f"{team} has used all of its credits"
    left = Wallet.objects.get(team=team).available
    return f"{team} has used {level}% of its credits ({left:,} left)"


def _recipient_emails(team: Team) -> list[str]:
    named = SpendWatcher.objects.filter(membership__team=team).order_by("membership__user__email")
    return list(named.values_list("membership__user__email", flat=True))
