"""Reserve credits for a job, and settle the reservation once.

The caller's transaction decides: place the hold and store the job, or settle the hold and finish the job, together.
Locks are taken in the order wallet, hold, job.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generations.accounts.models import ApiKey, Membership

from .errors import OutOfCreditsError, Shortage
from .models import EntryKind, Hold, HoldState, LedgerEntry, Wallet
from .quotas import EffectiveQuota, exceeded_limits, read_usage
from .wallets import credit_contacts

# Checks, reserves and locks in one statement. The ORM's update() does not return the row, and reading it separately
# would keep a busy wallet locked for another round trip.
_RESERVE = """
UPDATE generations_wallet SET held = held + %(amount)s
WHERE team_id = %(team)s AND posted - held >= %(amount)s
RETURNING id, team_id, posted, held, created_at
"""


def place_hold(
    *,
    membership: Membership,
    reference: UUID,
    amount: int,
    quota: EffectiveQuota,
    api_key: ApiKey | None = None,
) -> Hold:
    """Reserve credits of the team's wallet within the quota. Call it in a transaction: it locks the wallet to its end.

    Raises OutOfCreditsError or TooManyJobsError; the caller's transaction must then be rolled back.
    """
    wallet = _reserve(membership, amount)
    for error in exceeded_limits(membership, quota, read_usage(membership, quota, api_key), amount):
        raise error
    is_service = api_key is not None and api_key.is_service
    hold = Hold.objects.create(
        wallet=wallet,
        user_id=None if is_service else membership.user_id,
        api_key=api_key,
        reference=reference,
        amount=amount,
    )
    LedgerEntry.objects.create(
        wallet=wallet,
        kind=EntryKind.HOLD,
        held_change=amount,
        posted_after=wallet.posted,
        held_after=wallet.held,
        hold=hold,
        actor_id=hold.user_id,
    )
    return hold


def wallet_shortage(membership: Membership, *, available: int, held: int, amount: int) -> OutOfCreditsError:
    """The error of a wallet that does not cover the amount."""
    return OutOfCreditsError(
        Shortage(
            required=amount,
            available=available,
            held=held,
            limit="wallet",
            resets_at=None,
            contacts=credit_contacts(membership.team),
        )
    )


def capture_hold(*, hold_id: int, amount: int) -> bool:
    """Charge a pending hold with at most its amount and return the rest. False when it was settled before."""
    return _settle(hold_id, HoldState.CAPTURED, EntryKind.CAPTURE, captured=amount)


def release_hold(*, hold_id: int, reason: str) -> bool:
    """Return a pending hold in full. False when it was settled before."""
    return _settle(hold_id, HoldState.RELEASED, EntryKind.RELEASE, reason=reason)


def _reserve(membership: Membership, amount: int) -> Wallet:
    for wallet in Wallet.objects.raw(_RESERVE, {"team": membership.team_id, "amount": amount}):
        return wallet
    posted, held = Wallet.objects.filter(team=membership.team_id).values_list("posted", "held").first() or (0, 0)
    raise wallet_shortage(membership, available=posted - held, held=held, amount=amount)


@transaction.atomic
def _settle(hold_id: int, state: HoldState, kind: EntryKind, *, captured: int | None = None, reason: str = "") -> bool:
    holds = Hold.objects.select_related("wallet").select_for_update(no_key=True, of=("wallet",))
    hold = holds.get(pk=hold_id)
    # The hold was read before the wallet's lock was free: only the update tells whether it is still pending.
    if not _pending(hold_id).update(state=state, captured=captured, settled_at=Now()):
        return False
    wallet, charge = hold.wallet, captured or 0
    wallet.posted -= charge
    wallet.held -= hold.amount
    wallet.save(update_fields=["posted", "held"])
    LedgerEntry.objects.create(
        wallet=wallet,
        kind=kind,
        posted_change=-charge,
        held_change=-hold.amount,
        posted_after=wallet.posted,
        held_after=wallet.held,
        hold=hold,
        reason=reason,
    )
    return True


def _pending(hold_id: int) -> QuerySet[Hold]:
    return Hold.objects.filter(pk=hold_id, state=HoldState.PENDING)
