"""Put credits into a wallet, or correct it. Every change is an entry with a reason and an actor."""

from datetime import datetime

from django.db import transaction

from generations.accounts.models import Team, User
from generations.common.clock import database_now

from .entries import change_wallet, lock_wallet
from .errors import BadGrantError
from .models import EntryKind, LedgerEntry

__all__ = ["BadGrantError", "correct_credits", "grant_credits"]


@transaction.atomic
def grant_credits(
    *, team: Team, amount: int, reason: str, actor: User | None = None, expires_at: datetime | None = None
) -> LedgerEntry:
    """Add a positive number of credits to the team's wallet. What is left of them at `expires_at` goes."""
    if amount <= 0:
        raise BadGrantError("A grant must be at least 1 credit.")
    if expires_at is not None and expires_at <= database_now():
        raise BadGrantError("Credits must expire in the future, or never.")
    wallet = lock_wallet(team)
    return change_wallet(wallet, EntryKind.GRANT, amount, reason=reason, actor=actor, expires_at=expires_at)


@transaction.atomic
def correct_credits(*, team: Team, amount: int, reason: str, actor: User) -> LedgerEntry:
    """Add or take credits to mend a mistake; never below what is held."""
    if amount == 0:
        raise BadGrantError("A correction must change something.")
    wallet = lock_wallet(team)
    if wallet.available + amount < 0:
        raise BadGrantError(f"Only {wallet.available:,} credits are free to take back.")
    return change_wallet(wallet, EntryKind.CORRECTION, amount, reason=reason, actor=actor)
