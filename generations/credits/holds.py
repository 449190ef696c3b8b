"""Reserve credits for a job, and settle the reservation once.

Each function is one statement, so that a hot wallet's row is locked only from there to the commit. Where a quota holds
`place_hold` takes two: the first finds the quota and brings its rules along, the second says what they bound.
The callers' transaction decides: place the hold and store the job, or settle the hold and finish the job, together.
Locks are taken in the order wallet, hold, job.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from generations.accounts.models import ApiKey, Membership, Team
from generations.accounts.roles import RIGHTS, Right
from generations.common.errors import DailiesError
from generations.common.statements import fetch_row

from .errors import OutOfCreditsError, Shortage, TooManyJobsError
from .quotas import Cap, EffectiveQuota, Ruled, applicant
from .settled import OPEN_RULES, UNSETTLED, settle

_PLACE = f"""
WITH gate AS MATERIALIZED (
    SELECT {OPEN_RULES} AS rules, %(bounds)s::jsonb AS bounds
), placed AS MATERIALIZED (
    SELECT placed.* FROM gate CROSS JOIN LATERAL generations_place_hold(
        %(team)s, %(user)s, %(key)s, %(reference)s, %(amount)s, gate.bounds
    ) placed
    WHERE gate.rules IS NULL
)
SELECT gate.rules, hold, refused, available, held, running FROM gate LEFT JOIN placed ON true
"""  # noqa: S608 - put together from our own constants

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
RETURNING id
"""


@dataclass(frozen=True)
class Placed:
    """What `generations_place_hold` answered: a hold, or who refused it and that limit's figures."""

    hold: int | None
    refused: str | None
    available: int | None
    held: int | None
    running: int | None


def place_hold(*, membership: Membership, reference: UUID, amount: int, api_key: ApiKey | None = None) -> int:
    """Reserve credits of the team's wallet within the quotas and return the hold's id.

    Raises OutOfCreditsError or TooManyJobsError, with nothing changed.
    """
    given = {**hold_parameters(membership, api_key), "reference": reference, "amount": amount}
    quota = EffectiveQuota()
    rules, placed = _place(given)
    if rules is not None:
        settled = settle(rules, given, membership.team.time_zone)
        quota = settled.quota
        _, placed = _place(given | {"bounds": settled.bounds})
    if placed.hold is None:
        raise refusal(placed, quota=quota, team=membership.team, amount=amount)
    return placed.hold


def hold_parameters(membership: Membership, api_key: ApiKey | None) -> dict[str, Any]:
    """Who asks, for whoever calls `generations_place_hold` in a statement of its own."""
    given = applicant(membership, api_key)
    return {**given, **UNSETTLED, "user": membership.user_id if given["member"] else None}


def refusal(placed: Placed, *, quota: EffectiveQuota, team: Team, amount: int) -> DailiesError:
    """The error that tells why nothing was held."""
    caps = quota.key if placed.refused == "key" else quota.member
    if placed.running is not None and caps.max_jobs.level:
        return TooManyJobsError(caps.max_jobs.level.limit, caps.max_jobs.value or 0, placed.running)
    stopped_by = caps.cap if placed.refused in ("member", "key") else Ruled[Cap]()
    return OutOfCreditsError(
        Shortage(
            required=amount,
            available=placed.available or 0,
            held=placed.held or 0,
            limit=stopped_by.level.limit if stopped_by.level else "wallet",
            resets_at=stopped_by.value.span.end if stopped_by.value else None,
            contacts=_contacts(team),
        )
    )


def capture_hold(*, hold_id: int, amount: int) -> bool:
    """Charge a pending hold with at most its amount and return the rest. False when it was settled before."""
    return _settle(hold_id, state="captured", kind="capture", captured=amount)


def release_hold(*, hold_id: int, reason: str) -> bool:
    """Give a pending hold back whole. False when it was settled before."""
    return _settle(hold_id, state="released", kind="release", reason=reason)


def _place(given: dict[str, Any]) -> tuple[Any, Placed]:
    """The rules, if they have to be settled first, and what became of it otherwise."""
    rules, *answer = fetch_row(_PLACE, given)
    return rules, Placed(*answer)


def _settle(hold_id: int, *, state: str, kind: str, captured: int | None = None, reason: str = "") -> bool:
    given = {"hold": hold_id, "state": state, "kind": kind, "captured": captured, "reason": reason}
    return fetch_row(_SETTLE, given) is not None


def _contacts(team: Team) -> tuple[str, ...]:
    roles = [role for role, rights in RIGHTS.items() if Right.MANAGE_CREDITS in rights]
    members = team.memberships.active().filter(role__in=roles).order_by("role", "id")
    return tuple(members.values_list("user__email", flat=True)[:3])
