"""The one statement that admits a job: it looks for the key, the stills, the freeze, the offer, the price and the
quota, holds the credits, and stores the generation with its first event. All of it happens, or nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from generations.accounts.keys import LIVE, UNCHANGED
from generations.common.inserts import insert_into
from generations.common.statements import fetch_row
from generations.credits.holds import Placed
from generations.credits.prices import RATE
from generations.credits.settled import OPEN_RULES
from generations.events.models import Event
from generations.media.uploads import uploaded_asset_sql

from .models import Generation

# Parameters that stand in the column of the same name.
_SAME = ("idempotency_key", "prompt", "model", "duration", "resolution", "fps", "camera_motion", "generate_audio")

_GENERATION = {
    **{name: f"%({name})s" for name in (*_SAME, "id", "is_preview", "project_id")},
    "team_id": "%(team)s",
    "author_id": "%(author)s",
    "api_key_id": "%(key)s",
    "price": "placed.price",
    "credits_per_second": "placed.rate",
    "first_frame_id": "placed.first_frame",
    "last_frame_id": "placed.last_frame",
    "hold_id": "placed.hold",
}
# Of whoever was not proved by a mark: neither team nor membership nor key has ended since they were read.
_IN_FORCE = f"""
EXISTS (
    SELECT FROM generations_membership membership JOIN generations_team team ON team.id = membership.team_id
    WHERE membership.id = %(membership)s AND team.ends_at IS NULL
        AND (%(member)s::bigint IS NULL OR membership.deactivated_at IS NULL)
) AND (%(key)s::uuid IS NULL OR EXISTS (SELECT FROM generations_apikey key WHERE key.id = %(key)s AND {LIVE}))
"""  # noqa: S608 - put together from our own constants
# By its key first: a plan that knows nothing of the table yet might read all that the author ever submitted.
_KNOWN = """
SELECT id FROM (
    SELECT id, author_id, team_id FROM generations_generation WHERE idempotency_key = %(idempotency_key)s OFFSET 0
) same_key WHERE author_id = %(author)s AND team_id = %(team)s
"""
_EVENT = {
    "kind": "'generation.submitted'",
    "team_id": "%(team)s",
    "actor_id": "%(author)s",
    "subject_id": "%(id)s",
    "data": "jsonb_build_object('model', %(model)s::text, 'price', placed.price, 'api_key', %(key)s::uuid)",
}


@dataclass(frozen=True)
class Answer:
    """What the statement found, from the most decisive on. Only with `created_at` has anything been stored.

    `is_in_force` says that whoever asks may still do so. `known` is the generation of the same idempotency key;
    `first_frame` and `last_frame` are the stills, None for one that is not there or was not asked for; `frozen` the
    reason of a freeze; `rate` the credits a second. `rules` are those of the quotas, which the caller settles into the
    parameter `bounds` to ask again.
    """

    is_in_force: bool
    known: UUID | None
    first_frame: UUID | None
    last_frame: UUID | None
    frozen: str | None
    is_offered: bool
    rate: int | None
    rules: Any
    placed: Placed
    created_at: datetime | None


def admit(given: dict[str, Any]) -> Answer:
    """Run the statement. IntegrityError: the same idempotency key came at the same moment, and the other one won."""
    statement, defaults = _statement()
    row = fetch_row(statement, {**defaults, **given})
    is_in_force, known, first_frame, last_frame, frozen, is_offered, rate, rules, created_at, *placed = row
    return Answer(
        is_in_force, known, first_frame, last_frame, frozen, is_offered, rate, rules, Placed(*placed), created_at
    )


@cache
def _statement() -> tuple[str, dict[str, Any]]:
    generation, generation_defaults = insert_into(Generation, _GENERATION)
    event, event_defaults = insert_into(Event, _EVENT)
    statement = f"""
        WITH gate AS MATERIALIZED (
            SELECT
                CASE WHEN %(digest)s::text IS NULL THEN {_IN_FORCE} ELSE {UNCHANGED} END AS is_in_force,
                ({_KNOWN}) AS known,
                COALESCE(%(first_asset)s::uuid, {uploaded_asset_sql("first_upload")}) AS first_frame,
                COALESCE(%(last_asset)s::uuid, {uploaded_asset_sql("last_upload")}) AS last_frame,
                (SELECT reason FROM generations_freeze
                    WHERE ended_at IS NULL AND (team_id IS NULL OR team_id = %(team)s) LIMIT 1
                ) AS frozen,
                EXISTS (SELECT FROM generations_offeredmodel WHERE model = %(model)s AND is_on) AS is_offered,
                ({RATE}) AS rate,
                {OPEN_RULES} AS rules,
                %(bounds)s::jsonb AS bounds
        ), placed AS MATERIALIZED (
            SELECT gate.first_frame, gate.last_frame, gate.rate, gate.rate * %(seconds)s AS price, placed.*
            FROM gate CROSS JOIN LATERAL generations_place_hold(
                %(team)s, %(user)s, %(key)s, %(id)s, gate.rate * %(seconds)s, gate.bounds
            ) placed
            WHERE gate.is_in_force AND gate.known IS NULL AND gate.frozen IS NULL AND gate.is_offered
                AND gate.first_frame IS NOT NULL AND (%(last_upload)s::uuid IS NULL OR gate.last_frame IS NOT NULL)
                AND gate.rate IS NOT NULL AND gate.rules IS NULL
        ), generation AS (
            {generation} FROM placed WHERE placed.hold IS NOT NULL RETURNING created_at
        ), event AS (
            {event} FROM placed WHERE placed.hold IS NOT NULL
        )
        SELECT gate.is_in_force, gate.known, gate.first_frame, gate.last_frame, gate.frozen, gate.is_offered, gate.rate,
            gate.rules, generation.created_at,
            placed.hold, placed.refused, placed.available, placed.held, placed.running
        FROM gate LEFT JOIN placed ON true LEFT JOIN generation ON true
    """  # noqa: S608 - put together from our own constants
    return statement, generation_defaults | event_defaults
