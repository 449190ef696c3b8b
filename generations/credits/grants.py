"""Add credits to a wallet, correct its balance, move credits between wallets, and remove expired credits.

Every change is a ledger entry with a reason. Credits that were added together are a lot. Credits are spent from the
lot that expires first, so the credits that jobs in progress have reserved belong to those lots. Reserved credits
outlive the expiry of their lot until the job ends: charged, they are spent; released, they expire.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from generations.accounts.models import Team, User
from generations.common.clock import database_now
from generations.common.ids import uuid7

from .errors import BadGrantError
from .models import EntryKind, LedgerEntry, Lot, Wallet
from .wallets import change_wallet, lock_wallet, lock_wallets

__all__ = [
    "BadGrantError",
    "correct_credits",
    "expire_free_credits",
    "expire_lots",
    "grant_credits",
    "transfer_credits",
]


@dataclass(frozen=True)
class FreeCredits:
    """The credits of a lot that no job has reserved."""

    lot: Lot
    credits: int


@transaction.atomic
def grant_credits(
    *, team: Team, amount: int, reason: str, actor: User | None = None, expires_at: datetime | None = None
) -> LedgerEntry:
    """Add a positive number of credits to the team's wallet. Those not spent by `expires_at` are removed."""
    if amount <= 0:
        raise BadGrantError("Enter at least 1 credit.")
    if expires_at is not None and expires_at <= database_now():
        raise BadGrantError("Expiry must be in the future.")
    wallet = lock_wallet(team)
    return change_wallet(wallet, EntryKind.GRANT, amount, reason=reason, actor=actor, expires_at=expires_at)


@transaction.atomic
def correct_credits(*, team: Team, amount: int, reason: str, actor: User) -> LedgerEntry:
    """Add or remove credits to correct a mistake. Reserved credits cannot be removed."""
    if amount == 0:
        raise BadGrantError("Enter an amount other than 0.")
    wallet = lock_wallet(team)
    if wallet.available + amount < 0:
        raise BadGrantError(f"Only {wallet.available:,} credits are available to remove.")
    return change_wallet(wallet, EntryKind.CORRECTION, amount, reason=reason, actor=actor)


@transaction.atomic
def transfer_credits(*, source: Team, target: Team, amount: int, reason: str, actor: User) -> UUID:
    """Move available credits; those that expire first go first and keep their expiry.

    Each lot gives two entries, one in each wallet; all entries share the returned id. Raises BadGrantError, with
    nothing changed.
    """
    if amount <= 0:
        raise BadGrantError("Enter at least 1 credit.")
    if source.pk == target.pk:
        raise BadGrantError("Choose two different teams.")
    source_wallet, target_wallet = lock_wallets(source, target)
    if not reason.strip():
        raise BadGrantError("Enter a reason. Both teams will see it.")
    if source_wallet.available < amount:
        raise BadGrantError(f"{source} has only {source_wallet.available:,} credits available.")
    transfer = uuid7()
    change = partial(change_wallet, actor=actor, transfer=transfer)
    for free in _first_free_credits(source_wallet, amount):
        sent, received = f"To {target}: {reason}", f"From {source}: {reason}"
        change(source_wallet, EntryKind.TRANSFER, -free.credits, reason=sent, lot=free.lot)
        change(target_wallet, EntryKind.TRANSFER, free.credits, reason=received, expires_at=free.lot.expires_at)
    return transfer


def expire_lots(moment: datetime) -> int:
    """Remove the available credits that have expired by the moment from every wallet. Return how many."""
    due = Lot.objects.filter(remaining__gt=0, expires_at__lte=moment)
    return sum(_expire(pk, moment) for pk in due.order_by("wallet_id").values_list("wallet_id", flat=True).distinct())


def expire_free_credits(wallet: Wallet, moment: datetime) -> int:
    """The same for one wallet, which the caller has locked."""
    due = [free for free in _free_credits(wallet) if free.lot.expires_at and free.lot.expires_at <= moment]
    for free in due:
        reason = f"Expired on {free.lot.expires_at:%-d %b %Y}"
        change_wallet(wallet, EntryKind.EXPIRY, -free.credits, reason=reason, lot=free.lot)
    return sum(free.credits for free in due)


@transaction.atomic
def _expire(wallet_id: int, moment: datetime) -> int:
    return expire_free_credits(Wallet.objects.select_for_update().get(pk=wallet_id), moment)


def _free_credits(wallet: Wallet) -> Iterator[FreeCredits]:
    """Yield the available credits of each lot, first to expire first. The caller has locked the wallet."""
    held = wallet.held
    for lot in wallet.lots.filter(remaining__gt=0).order_by(F("expires_at").asc(nulls_last=True), "id"):
        reserved = min(held, lot.remaining)
        held -= reserved
        if lot.remaining > reserved:
            yield FreeCredits(lot, lot.remaining - reserved)


def _first_free_credits(wallet: Wallet, amount: int) -> list[FreeCredits]:
    chosen: list[FreeCredits] = []
    for free in _free_credits(wallet):
        chosen.append(FreeCredits(free.lot, min(amount, free.credits)))
        amount -= chosen[-1].credits
        if amount == 0:
            break
    return chosen
