"""How long jobs like this one take, from our own takes. Never a guess: without a history there is no figure."""

from dataclasses import dataclass

from django.db import connection

from generations.common.caching import remembered
from generations.contract.support import SUPPORT

from .models import Generation

# The newest takes say most; older ones were made by an older provider.
SAMPLE = 200
LEAST = 5
CACHED_SECONDS = 60

_USUAL = """
SELECT COUNT(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took), percentile_cont(0.9) WITHIN GROUP (ORDER BY took)
FROM (
    SELECT EXTRACT(EPOCH FROM g.finished_at - a.started_at) AS took
    FROM generations_generation g
    JOIN generations_attempt a ON a.generation_id = g.id AND a.outcome = 'accepted'
    WHERE g.state = 'completed' AND NOT g.is_late AND g.is_preview = %(is_preview)s
        AND g.model = %(model)s AND g.duration = %(duration)s AND g.resolution = ANY(%(resolutions)s)
    ORDER BY g.created_at DESC LIMIT %(sample)s
) takes
"""


@dataclass(frozen=True)
class UsualTime:
    """Seconds from sending to done: half of the takes needed at most `median`, nine of ten at most `ninth`."""

    median: float
    ninth: float


def usual_time(generation: Generation) -> UsualTime | None:
    """The usual time for this model, size and length; None until there have been a few takes of them."""
    tier = SUPPORT.tier(generation.resolution)
    key = f"usual:{generation.is_preview}:{generation.model}:{tier}:{generation.duration}"
    return remembered(key, CACHED_SECONDS, lambda: _measure(generation, tier))


def _measure(generation: Generation, tier: str) -> UsualTime | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _USUAL,
            {
                "is_preview": generation.is_preview,
                "model": generation.model,
                "duration": generation.duration,
                "resolutions": list(SUPPORT.tiers[tier]),
                "sample": SAMPLE,
            },
        )
        count, median, ninth = cursor.fetchone()
    return UsualTime(median, ninth) if count >= LEAST else None
