"""Lots: credits that came in together, spent in the order in which they expire.

What jobs under way hold belongs to the lots that expire soonest, because it will be taken from these. Such credits
outlive their lot's end until the job is done: charged, they are spent; returned, they expire.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from .entries import change_wallet
from .models import EntryKind, Lot, Wallet


@dataclass(frozen=True)
class FreePart:
    """So many credits of a lot are held by no job."""

    lot: Lot
    credits: int


def free_parts(wallet: Wallet) -> Iterator[FreePart]:
    """What of the wallet's lots is free, soonest to expire first. The caller holds the wallet's lock."""
    held = wallet.held
    for lot in wallet.lots.filter(remaining__gt=0).order_by(F("expires_at").asc(nulls_last=True), "id"):
        kept = min(held, lot.remaining)
        held -= kept
        if lot.remaining > kept:
            yield FreePart(lot, lot.remaining - kept)


def expire_lots(moment: datetime) -> int:
    """Take what has expired by the moment, and is free, out of every wallet. Returns how many credits went."""
    due = Lot.objects.filter(remaining__gt=0, expires_at__lte=moment)
    return sum(_expire(pk, moment) for pk in due.order_by("wallet_id").values_list("wallet_id", flat=True).distinct())


def expire_free_parts(wallet: Wallet, moment: datetime) -> int:
    """The same of one wallet. The caller holds its lock."""
    due = [part for part in free_parts(wallet) if part.lot.expires_at and part.lot.expires_at <= moment]
    for part in due:
        ended = f"Expired on {part.lot.expires_at:%-d %b %Y}"
        change_wallet(wallet, EntryKind.EXPIRY, -part.credits, reason=ended, lot=part.lot)
    return sum(part.credits for part in due)


@transaction.atomic
def _expire(wallet_id: int, moment: datetime) -> int:
    return expire_free_parts(Wallet.objects.select_for_update().get(pk=wallet_id), moment)
