"""Put credits into a wallet, or correct it. Every change is an entry with a reason and an actor."""

from django.db import transaction

from generations.accounts.models import Team, User
from generations.common.errors import DailiesError
from generations.events.record import record_event

from .models import EntryKind, LedgerEntry, Wallet
from .wallets import wallet_of


class BadGrantError(DailiesError):
    """The amount or the reason will not do."""


@transaction.atomic
def grant_credits(*, team: Team, amount: int, reason: str, actor: User | None = None) -> LedgerEntry:
    """Add a positive number of credits to the team's wallet."""
    if amount <= 0:
        raise BadGrantError("A grant must be at least 1 credit.")
    return _change(team, EntryKind.GRANT, amount, reason, actor)


@transaction.atomic
def correct_credits(*, team: Team, amount: int, reason: str, actor: User) -> LedgerEntry:
    """Add or take credits to mend a mistake; never below what is held."""
    if amount == 0:
        raise BadGrantError("A correction must change something.")
    wallet = _locked(team)
    if wallet.available + amount < 0:
        raise BadGrantError(f"Only {wallet.available:,} credits are free to take back.")
    return _change(team, EntryKind.CORRECTION, amount, reason, actor)


def _locked(team: Team) -> Wallet:
    return Wallet.objects.select_for_update().get(pk=wallet_of(team).pk)


def _change(team: Team, kind: EntryKind, amount: int, reason: str, actor: User | None) -> LedgerEntry:
    if not reason.strip():
        raise BadGrantError("Say why: the reason stands in the statement.")
    wallet = _locked(team)
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
    )
    record_event(f"credits.{kind}", team_id=team.id, actor_id=actor.id if actor else None, amount=amount, reason=reason)
    return entry
