"""Wallets of teams: find, lock and change them, list their balances, and find who manages them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from generations.accounts.models import Team, User
from generations.accounts.roles import Right
from generations.common.clock import database_time
from generations.events.kinds import EventKind
from generations.events.record import record_audit, record_event

from .errors import BadGrantError
from .models import EntryKind, Freeze, Hold, LedgerEntry, Lot, Wallet

RECENT_DAYS = 30
MAX_CONTACTS = 3
EXPORTED_FIELDS = ("id", "kind", "posted_change", "held_change", "reason", "created_at")


@dataclass(frozen=True)
class TeamBalance:
    """`wallet` is None until the team's first credits; `spent` counts the last RECENT_DAYS days."""

    team: Team
    wallet: Wallet | None
    spent: int
    freeze: Freeze | None


def wallet_of(team: Team) -> Wallet:
    """Return the team's wallet. Create it on first use."""
    wallet, _ = Wallet.objects.get_or_create(team=team)
    return wallet


def lock_wallet(team: Team) -> Wallet:
    """Return the team's wallet, locked until the end of the transaction."""
    return Wallet.objects.select_for_update().get(pk=wallet_of(team).pk)


def lock_wallets(*teams: Team) -> list[Wallet]:
    """Lock several wallets, always in the order of their ids. Return them in the order of the teams."""
    ids = [wallet_of(team).pk for team in teams]
    locked = {wallet.pk: wallet for wallet in Wallet.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    return [locked[pk] for pk in ids]


def change_wallet(
    wallet: Wallet,
    kind: EntryKind,
    amount: int,
    *,
    reason: str,
    actor: User | None = None,
    expires_at: datetime | None = None,
    lot: Lot | None = None,
    transfer: UUID | None = None,
) -> LedgerEntry:
    """Add `amount` credits, or remove them if it is negative, and record the event. The caller has locked the wallet.

    Removed credits come from `lot`; without one, from the lots that expire first. Raises BadGrantError.
    """
    if not reason.strip():
        raise BadGrantError("Enter a reason. It is shown in the transaction list.")
    wallet.posted += amount
    wallet.save(update_fields=["posted"])
    entry = LedgerEntry.objects.create(
        wallet=wallet,
        kind=kind,
        posted_change=amount,
        posted_after=wallet.posted,
        held_after=wallet.held,
        actor=actor,
        reason=reason.strip()[:200],
        expires_at=expires_at,
        lot=lot,
        transfer=transfer,
    )
    record = record_event if kind == EntryKind.EXPIRY else record_audit
    actor_id = actor.pk if actor else None
    record(EventKind(f"credits.{kind}"), team_id=wallet.team_id, actor_id=actor_id, amount=amount, reason=entry.reason)
    return entry


def search_teams(search: str) -> QuerySet[Team]:
    """Return the teams whose name or slug contains every word of the search."""
    teams = Team.objects.all()
    for word in search.split():
        teams = teams.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    return teams


def team_balances(teams: Sequence[Team]) -> list[TeamBalance]:
    """Read the balances of the teams, in three queries for any number of teams."""
    wallets = {wallet.team_id: wallet for wallet in Wallet.objects.filter(team__in=teams)}
    recent = Hold.objects.filter(wallet__team__in=teams, created_at__gte=database_time(-timedelta(days=RECENT_DAYS)))
    spent = dict(recent.order_by().values_list("wallet__team").annotate(Sum("captured")))
    freezes = {freeze.team_id: freeze for freeze in Freeze.objects.filter(team__in=teams, ended_at=None)}
    return [TeamBalance(t, wallets.get(t.pk), spent.get(t.pk) or 0, freezes.get(t.pk)) for t in teams]


def credit_managers(team: Team) -> QuerySet[User]:
    """Return the active members whose role may manage the team's credits."""
    members = team.memberships.active().with_right(Right.MANAGE_CREDITS)
    return User.objects.filter(pk__in=members.values("user")).order_by("pk")


def credit_contacts(team: Team) -> tuple[str, ...]:
    """Return the email addresses of up to MAX_CONTACTS members who can give others more credits."""
    members = team.memberships.active().with_right(Right.MANAGE_CREDITS).order_by("role", "id")
    return tuple(members.values_list("user__email", flat=True)[:MAX_CONTACTS])


def entries_of(user: User) -> Iterator[dict[str, Any]]:
    """Yield the ledger entries that the user wrote or caused by a job, oldest first, as plain values for an export."""
    rows = LedgerEntry.objects.filter(Q(actor=user) | Q(hold__user=user)).order_by("id")
    for row in rows.values(*EXPORTED_FIELDS, "wallet__team__slug", "hold__reference").iterator(chunk_size=500):
        yield {"team": row.pop("wallet__team__slug"), "generation": row.pop("hold__reference"), **row}
