"""Find the generations that are due and hand them to workers.

Queued ones go in fair order, as far as the provider's gate lets them through. What was begun and is leased by nobody
any more is begun again by another worker, unless workers keep dying of it.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from .gate import allowance
from .hints import hint_save, hint_send
from .leases import announce_state
from .models import Generation
from .queue import claim_next
from .states import State

# One dispatcher counts and claims at a time, or two would fill the same slot twice.
_DISPATCH_LOCK = 7_310_001

# A lease that ran out is a worker that died of it; an offer that nobody took up merely waited behind others.
_RAISE_FENCES = """
WITH due AS (
    SELECT id, lease_until IS NOT NULL AS is_lost FROM generations_generation
    WHERE state = ANY(%(states)s) AND next_action_at <= statement_timestamp()
        AND (lease_until IS NULL OR lease_until <= statement_timestamp())
    ORDER BY next_action_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE generations_generation g
SET fence = g.fence + 1,
    lease_until = CASE WHEN %(is_claim)s THEN statement_timestamp() + make_interval(secs => %(lease)s) END,
    next_action_at = statement_timestamp() + make_interval(secs => %(lease)s),
    losses = CASE WHEN due.is_lost THEN g.losses + 1 ELSE g.losses END
FROM due WHERE g.id = due.id
RETURNING g.id, g.fence
"""


def dispatch_due() -> tuple[UUID, int] | None:
    """Claim what is due and send a hint for each but one of the queued: the caller is to send that one itself.

    On an idle system this saves a message on the way to the provider. Two at once do the work of one.
    """
    mine = _dispatch_queued()
    _dispatch_begun()
    return mine


def claim_due(states: list[str], *, limit: int) -> list[tuple[UUID, int]]:
    """Lease up to `limit` due generations in these states and return ids with their new fences."""
    return _raise_fences(states, limit=limit, is_claim=True)


def offer_due(states: list[str], *, limit: int) -> list[tuple[UUID, int]]:
    """As `claim_due`, for messages: whoever takes one up gets the lease. They are due again when nobody has in time."""
    return _raise_fences(states, limit=limit, is_claim=False)


def _raise_fences(states: list[str], *, limit: int, is_claim: bool) -> list[tuple[UUID, int]]:
    values: dict[str, Any] = {
        "states": states,
        "limit": limit,
        "lease": settings.LEASE.total_seconds(),
        "is_claim": is_claim,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RAISE_FENCES, values)
        return list(cursor.fetchall())


@transaction.atomic
def _dispatch_queued() -> tuple[UUID, int] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DISPATCH_LOCK])
    allowed = allowance(settings.PROVIDER_URL)
    if allowed.is_probe:
        _unpark_one()
    claimed: list[tuple[UUID, int]] = []
    while len(claimed) < allowed.slots and (row := claim_next()):
        claimed.append(row)
        announce_state(row[0])
    for row in claimed[1:]:
        hint_send(*row)
    return claimed[0] if claimed else None


def _unpark_one() -> None:
    """Let the oldest parked job find out whether the account works again."""
    oldest = Generation.objects.filter(state=State.PARKED).order_by("created_at").values("pk")[:1]
    Generation.objects.filter(pk__in=oldest, state=State.PARKED).update(
        state=State.QUEUED, state_since=Now(), next_action_at=Now(), fence=F("fence") + 1
    )


@transaction.atomic
def _dispatch_begun() -> None:
    """Sendings and savings whose worker never began or died, and unconfirmed ones whose time has come."""
    sending = offer_due([State.SUBMITTING, State.UNCONFIRMED], limit=50)
    saving = offer_due([State.SAVING], limit=50)
    for row in sending:
        hint_send(*row)
    for row in saving:
        hint_save(*row)
