"""Find the generations that are due and hand them to workers.

Queued ones go in fair order, as far as the provider's concurrency reaches: the team, then the member, whose job
was sent least recently comes first. Everything else that is due and leased by nobody goes by age.
"""

from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from .hints import hint_save, hint_send
from .leases import LEASE, announce_state
from .models import Generation

# One dispatcher counts and claims at a time, or two would fill the same slot twice.
_DISPATCH_LOCK = 7_310_001

_CLAIM_NEXT = """
WITH next AS (
    SELECT g.id, g.team_id, g.author_id
    FROM generations_generation g
    LEFT JOIN (
        SELECT team_id, MAX(served_at) AS served_at FROM generations_turn GROUP BY team_id
    ) team ON team.team_id = g.team_id
    LEFT JOIN generations_turn member ON member.team_id = g.team_id AND member.user_id = g.author_id
    WHERE g.state = 'queued' AND g.next_action_at <= statement_timestamp()
    ORDER BY team.served_at NULLS FIRST, member.served_at NULLS FIRST, g.created_at, g.id
    LIMIT 1
    FOR UPDATE OF g SKIP LOCKED
), turn AS (
    INSERT INTO generations_turn (team_id, user_id, served_at)
    SELECT team_id, author_id, clock_timestamp() FROM next
    ON CONFLICT ON CONSTRAINT turn_once_a_member DO UPDATE SET served_at = EXCLUDED.served_at
)
UPDATE generations_generation g
SET state = 'submitting', state_since = statement_timestamp(), fence = g.fence + 1,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s),
    next_action_at = statement_timestamp() + make_interval(secs => %(lease)s)
FROM next WHERE g.id = next.id
RETURNING g.id, g.fence
"""

_CLAIM_DUE = """
WITH due AS (
    SELECT id FROM generations_generation
    WHERE state = ANY(%(states)s) AND next_action_at <= statement_timestamp()
        AND (lease_until IS NULL OR lease_until <= statement_timestamp())
    ORDER BY next_action_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE generations_generation g
SET fence = g.fence + 1, lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due WHERE g.id = due.id
RETURNING g.id, g.fence
"""


def dispatch_due() -> int:
    """Claim what is due and send a hint for each. Returns how many. Two at once do the work of one."""
    return _dispatch_queued() + _dispatch_abandoned() + _dispatch_parked()


def claim_due(states: list[str], *, limit: int) -> list[tuple[UUID, int]]:
    """Lease up to `limit` due generations in these states and return ids with their new fences."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_DUE, {"states": states, "limit": limit, "lease": LEASE.total_seconds()})
        return list(cursor.fetchall())


@transaction.atomic
def _dispatch_queued() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DISPATCH_LOCK])
        free = settings.PROVIDER_CONCURRENCY - Generation.objects.at_provider().count()
        claimed = 0
        while claimed < free:
            cursor.execute(_CLAIM_NEXT, {"lease": LEASE.total_seconds()})
            row = cursor.fetchone()
            if row is None:
                break
            hint_send(*row)
            announce_state(row[0])
            claimed += 1
    return claimed


@transaction.atomic
def _dispatch_abandoned() -> int:
    """Sendings and savings whose worker never began or died, and unconfirmed ones whose time has come."""
    sending = claim_due(["submitting", "unconfirmed"], limit=50)
    saving = claim_due(["saving"], limit=50)
    for row in sending:
        hint_send(*row)
    for row in saving:
        hint_save(*row)
    return len(sending) + len(saving)


def _dispatch_parked() -> int:
    """Let parked ones try again when their time has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generations_generation SET state = 'queued', state_since = statement_timestamp() "
            "WHERE state = 'parked' AND next_action_at <= statement_timestamp()"
        )
        return int(cursor.rowcount)
