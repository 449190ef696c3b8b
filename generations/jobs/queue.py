"""The fair queue. Order: jobs that staff moved to the front, then the team and the member who were served longest ago,
then age. A large batch of one member therefore delays the single job of another member by one slot only.

Raw SQL: the ORM has no recursive queries and no LATERAL joins. The members are found by skipping through the index, so
the cost grows with the number of waiting members, not of waiting jobs.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from .models import Generation, State

# The members who have a queued job.
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

# Of each member only the first job is read.
_NEXT = f"""
{_MEMBERS}
, prioritized AS (
    SELECT id FROM generations_generation
    WHERE state = 'queued' AND prioritized_at IS NOT NULL AND next_action_at <= statement_timestamp()
    ORDER BY prioritized_at LIMIT 1
), fair AS (
    SELECT head.id FROM member
    JOIN LATERAL (
        SELECT id, created_at FROM generations_generation
        WHERE state = 'queued' AND team_id = member.team_id AND author_id = member.author_id
            AND next_action_at <= statement_timestamp()
        ORDER BY created_at, id LIMIT 1
    ) head ON true
    LEFT JOIN generations_queueshare share ON share.team_id = member.team_id AND share.user_id = member.author_id
    LEFT JOIN LATERAL (
        SELECT MAX(served_at) AS served_at FROM generations_queueshare WHERE team_id = member.team_id
    ) team ON true
    ORDER BY team.served_at NULLS FIRST, share.served_at NULLS FIRST, head.created_at, head.id
    LIMIT 1
)
"""  # noqa: S608 - put together from our own constants

_LOCK_NEXT = f"""
{_NEXT}
, next AS (
    SELECT id, fence, team_id, author_id FROM generations_generation
    WHERE id = COALESCE((SELECT id FROM prioritized), (SELECT id FROM fair)) AND state = 'queued'
    FOR UPDATE SKIP LOCKED
), share AS (
    INSERT INTO generations_queueshare (team_id, user_id, served_at)
    SELECT team_id, author_id, clock_timestamp() FROM next
    ON CONFLICT ON CONSTRAINT queueshare_once_a_member DO UPDATE SET served_at = EXCLUDED.served_at
)
SELECT id, fence FROM next
"""  # noqa: S608 - put together from our own constants

# Members are served in rounds. Before a member's n-th job at most n jobs of each other member of the team are sent, and
# before the team's m-th job at most m jobs of each other team. So no member's jobs are counted further than that.
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


def lock_next() -> tuple[UUID, int] | None:
    """Lock the queued generation that is next and return its id and fence; None if none is due.

    Call it in a transaction and move the row in the same one: the member counts as served from now on.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_NEXT)
        row: tuple[UUID, int] | None = cursor.fetchone()
        return row


def place_in_queue(generation: Generation) -> int | None:
    """Return the last place, counting from 1, at which the generation can be sent; None if it is not queued."""
    return places_in_queue([generation]).get(generation.pk)


def places_in_queue(generations: Iterable[Generation]) -> dict[UUID, int]:
    """Return the places of the queued ones among these, in one query."""
    waiting = [generation for generation in generations if generation.state == State.QUEUED]
    places = {generation.pk: 1 for generation in waiting if generation.prioritized_at is not None}
    if others := [generation.pk for generation in waiting if generation.pk not in places]:
        with connection.cursor() as cursor:
            cursor.execute(_PLACES, {"ids": others})
            places |= {pk: int(place) for pk, place in cursor.fetchall()}
    return places
