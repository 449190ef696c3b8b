"""The fair queue: what staff have lifted, then the team, then the member, whose job was sent longest ago, then age.

A member's batch therefore delays another member's single job by one slot, not by the batch.
"""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db import connection

from .models import Generation
from .states import State

# Finds the members who have something waiting by skipping through the index from one to the next: the cost grows with
# the number of waiting members, not of waiting jobs.
_MEMBERS = """
WITH RECURSIVE member AS (
    (SELECT team_id, author_id FROM generations_generation WHERE state = 'queued'
     ORDER BY team_id, author_id LIMIT 1)
    UNION ALL
    SELECT following.team_id, following.author_id FROM member, LATERAL (
        SELECT team_id, author_id FROM generations_generation
        WHERE state = 'queued' AND (team_id, author_id) > (member.team_id, member.author_id)
        ORDER BY team_id, author_id LIMIT 1
    ) following
)
"""

# Of each of them, only the head of the queue is looked at.
_NEXT = f"""
{_MEMBERS}
, lifted AS (
    SELECT id FROM generations_generation
    WHERE state = 'queued' AND lifted_at IS NOT NULL AND next_action_at <= statement_timestamp()
    ORDER BY lifted_at LIMIT 1
), fair AS (
    SELECT head.id FROM member
    JOIN LATERAL (
        SELECT id, created_at FROM generations_generation
        WHERE state = 'queued' AND team_id = member.team_id AND author_id = member.author_id
            AND next_action_at <= statement_timestamp()
        ORDER BY created_at, id LIMIT 1
    ) head ON true
    LEFT JOIN generations_turn turn ON turn.team_id = member.team_id AND turn.user_id = member.author_id
    LEFT JOIN LATERAL (
        SELECT MAX(served_at) AS served_at FROM generations_turn WHERE team_id = member.team_id
    ) team ON true
    ORDER BY team.served_at NULLS FIRST, turn.served_at NULLS FIRST, head.created_at, head.id
    LIMIT 1
)
"""  # noqa: S608 - put together from our own constants

_CLAIM = f"""
{_NEXT}
, next AS (
    SELECT id, team_id, author_id FROM generations_generation
    WHERE id = COALESCE((SELECT id FROM lifted), (SELECT id FROM fair)) AND state = 'queued'
    FOR UPDATE SKIP LOCKED
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
"""  # noqa: S608 - put together from our own constants

# Everybody's jobs go in rounds. Before my n-th job go at most n of each other member of my team; and before my team's
# m-th go at most m of each other team. Nobody's jobs are counted further than that.
_PLACES = f"""
{_MEMBERS}
, me AS (
    SELECT mine.id, mine.team_id, mine.author_id, (
        SELECT COUNT(*) FROM generations_generation
        WHERE state = 'queued' AND team_id = mine.team_id AND author_id = mine.author_id
            AND (created_at, id) <= (mine.created_at, mine.id)
    ) AS nth
    FROM generations_generation mine WHERE id = ANY(%(ids)s) AND state = 'queued'
), beside AS (
    SELECT me.id, me.team_id, me.nth + COALESCE(SUM(counted.jobs), 0) AS mth
    FROM me LEFT JOIN member ON member.team_id = me.team_id AND member.author_id <> me.author_id
    LEFT JOIN LATERAL (
        SELECT COUNT(*) AS jobs FROM (
            SELECT FROM generations_generation
            WHERE state = 'queued' AND team_id = member.team_id AND author_id = member.author_id LIMIT me.nth
        ) capped
    ) counted ON true
    GROUP BY me.id, me.team_id, me.nth
)
SELECT beside.id, beside.mth + COALESCE(SUM(counted.jobs), 0)
FROM beside
LEFT JOIN (SELECT DISTINCT team_id FROM member) team ON team.team_id <> beside.team_id
LEFT JOIN LATERAL (
    SELECT COUNT(*) AS jobs FROM (
        SELECT FROM generations_generation WHERE state = 'queued' AND team_id = team.team_id LIMIT beside.mth
    ) capped
) counted ON true
GROUP BY beside.id, beside.mth
"""  # noqa: S608 - put together from our own constants


def claim_next() -> tuple[UUID, int] | None:
    """Lease the generation whose turn it is, as `submitting`. Its id and new fence, or None when nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": settings.LEASE.total_seconds()})
        row: tuple[UUID, int] | None = cursor.fetchone()
        return row


def place_in_queue(generation: Generation) -> int | None:
    """At the latest the how-manieth it is to be sent, counting from 1; None when it does not wait here."""
    return places_in_queue([generation]).get(generation.pk)


def places_in_queue(generations: Iterable[Generation]) -> dict[UUID, int]:
    """The places of those that wait here, in one query for all of them."""
    waiting = [generation for generation in generations if generation.state == State.QUEUED]
    places = {generation.pk: 1 for generation in waiting if generation.lifted_at is not None}
    if unlifted := [generation.pk for generation in waiting if generation.pk not in places]:
        with connection.cursor() as cursor:
            cursor.execute(_PLACES, {"ids": unlifted})
            places |= {pk: int(place) for pk, place in cursor.fetchall()}
    return places
