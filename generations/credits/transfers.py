"""Move credits from one wallet to another. They keep their end; what jobs hold stays where it is."""

from functools import partial
from uuid import UUID

from django.db import transaction

from generations.accounts.models import Team, User
from generations.common.ids import uuid7

from .entries import change_wallet, lock_wallets
from .errors import BadGrantError
from .lots import FreePart, free_parts
from .models import EntryKind, Wallet


@transaction.atomic
def transfer_credits(*, source: Team, target: Team, amount: int, reason: str, actor: User) -> UUID:
    """Move free credits, soonest to expire first: two entries for each lot that they come from, all with one id.

    Raises BadGrantError, with nothing changed.
    """
    if amount <= 0:
        raise BadGrantError("A transfer must be at least 1 credit.")
    if source.pk == target.pk:
        raise BadGrantError("Choose two different teams.")
    giving, taking = lock_wallets(source, target)
    if not reason.strip():
        raise BadGrantError("Say why: the reason stands in both statements.")
    if giving.available < amount:
        raise BadGrantError(f"{source} has only {giving.available:,} credits to give away.")
    transfer = uuid7()
    change = partial(change_wallet, actor=actor, transfer=transfer)
    for part in _first(amount, giving):
        change(giving, EntryKind.TRANSFER, -part.credits, reason=f"To {target}: {reason}", lot=part.lot)
        ends = part.lot.expires_at
        change(taking, EntryKind.TRANSFER, part.credits, reason=f"From {source}: {reason}", expires_at=ends)
    return transfer


def _first(amount: int, wallet: Wallet) -> list[FreePart]:
    parts: list[FreePart] = []
    for part in free_parts(wallet):
        parts.append(FreePart(part.lot, min(amount, part.credits)))
        amount -= parts[-1].credits
        if amount == 0:
            break
    return parts
