"""Reserve credits for a job, and settle the reservation once.

Each function is one statement, so that a hot wallet's row is locked only from there to the commit; only a member with
a quota takes more, since what the member has spent may be summed up only once the wallet is locked.
The callers' transaction decides: place the hold and store the job, or settle the hold and finish the job, together.
Locks are taken in the order wallet, hold, job.
"""

from uuid import UUID

from django.db import connection, transaction

from generations.accounts.models import Membership, Team
from generations.accounts.roles import RIGHTS, Right

from .balances import balance_of, quota_use
from .errors import OutOfCreditsError, Shortage

_PLACE = """
WITH wallet AS (
    UPDATE generations_wallet SET held = held + %(amount)s
    WHERE team_id = %(team)s AND posted - held >= %(amount)s
        AND (%(quota)s OR NOT EXISTS (SELECT FROM generations_quota WHERE membership_id = %(membership)s))
    RETURNING id, posted, held
), hold AS (
    INSERT INTO generations_hold (wallet_id, user_id, reference, amount, state)
    SELECT id, %(user)s, %(reference)s, %(amount)s, 'pending' FROM wallet
    RETURNING id, wallet_id
), entry AS (
    INSERT INTO generations_ledgerentry
        (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, actor_id, reason)
    SELECT wallet.id, 'hold', 0, %(amount)s, wallet.posted, wallet.held, hold.id, %(user)s, ''
    FROM wallet JOIN hold ON hold.wallet_id = wallet.id
)
SELECT id FROM hold
"""

_SETTLE = """
WITH hold AS (
    UPDATE generations_hold SET state = %(state)s, captured = %(captured)s, settled_at = statement_timestamp()
    WHERE id = %(hold)s AND state = 'pending'
    RETURNING id, wallet_id, amount, COALESCE(captured, 0) AS captured
), wallet AS (
    UPDATE generations_wallet w SET posted = w.posted - hold.captured, held = w.held - hold.amount
    FROM hold WHERE w.id = hold.wallet_id
    RETURNING w.id, w.posted, w.held
)
INSERT INTO generations_ledgerentry
    (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, reason)
SELECT wallet.id, %(kind)s, -hold.captured, -hold.amount, wallet.posted, wallet.held, hold.id, %(reason)s
FROM wallet, hold
"""


def place_hold(*, membership: Membership, reference: UUID, amount: int) -> int:
    """Reserve credits of the team's wallet within the member's quota and return the hold's id.

    Raises OutOfCreditsError, with nothing changed, when either does not cover the amount.
    """
    hold_id = _place(membership, reference, amount, has_quota=False)
    return _place_within_quota(membership, reference, amount) if hold_id is None else hold_id


def capture_hold(*, hold_id: int, amount: int) -> bool:
    """Charge a pending hold with at most its amount and return the rest. False when it was settled before."""
    return _settle(hold_id, state="captured", kind="capture", captured=amount)


def release_hold(*, hold_id: int, reason: str) -> bool:
    """Give a pending hold back whole. False when it was settled before."""
    return _settle(hold_id, state="released", kind="release", reason=reason)


def _settle(hold_id: int, *, state: str, kind: str, captured: int | None = None, reason: str = "") -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"hold": hold_id, "state": state, "kind": kind, "captured": captured, "reason": reason})
        return bool(cursor.rowcount)


def _place(membership: Membership, reference: UUID, amount: int, *, has_quota: bool) -> int | None:
    """Place the hold, if the wallet covers it. None also when the member has a quota and the caller does not know."""
    given: dict[str, int | UUID] = {
        "team": membership.team_id,
        "membership": membership.pk,
        "user": membership.user_id,
        "reference": reference,
        "amount": amount,
        "quota": has_quota,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, given)
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else None


@transaction.atomic
def _place_within_quota(membership: Membership, reference: UUID, amount: int) -> int:
    hold_id = _place(membership, reference, amount, has_quota=True)
    if hold_id is None:
        raise _wallet_short(membership, amount)
    _check_quota(membership, amount)
    return hold_id


def _check_quota(membership: Membership, amount: int) -> None:
    # The wallet's row is locked by now, so the sum of the member's holds, this one among them, cannot change under us.
    quota = quota_use(membership)
    if quota is not None and quota.left < 0:
        raise OutOfCreditsError(
            Shortage(
                required=amount,
                available=max(0, quota.left + amount),
                held=quota.held - amount,
                limit="member",
                resets_at=quota.resets_at,
                contacts=_contacts(membership.team),
            )
        )


def _wallet_short(membership: Membership, required: int) -> OutOfCreditsError:
    balance = balance_of(membership)
    return OutOfCreditsError(
        Shortage(
            required=required,
            available=balance.available,
            held=balance.held,
            limit="wallet",
            resets_at=None,
            contacts=_contacts(membership.team),
        )
    )


def _contacts(team: Team) -> tuple[str, ...]:
    roles = [role for role, rights in RIGHTS.items() if Right.MANAGE_CREDITS in rights]
    members = team.memberships.active().filter(role__in=roles).order_by("role", "id")
    return tuple(members.values_list("user__email", flat=True)[:3])
