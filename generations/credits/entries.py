"""Change what a wallet owns. Every change is an entry, and every entry that a person causes has a reason."""

from datetime import datetime
from uuid import UUID

from generations.accounts.models import Team, User
from generations.events.kinds import EventKind
from generations.events.record import record_audit, record_event

from .errors import BadGrantError
from .models import EntryKind, LedgerEntry, Lot, Wallet
from .wallets import wallet_of


def lock_wallet(team: Team) -> Wallet:
    """The team's wallet, locked to the end of the transaction."""
    return Wallet.objects.select_for_update().get(pk=wallet_of(team).pk)


def lock_wallets(*teams: Team) -> list[Wallet]:
    """Lock several wallets, always in the order of their ids, and return them in the order of the teams."""
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
    """Add `amount` credits, or take them if it is negative, and tell of it. The caller holds the wallet's lock.

    What is taken comes from `lot`, and otherwise from the lots that expire soonest.
    """
    if not reason.strip():
        raise BadGrantError("Say why: the reason stands in the statement.")
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
