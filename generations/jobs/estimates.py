"""How long a job usually takes, measured from completed jobs of the same model, size and duration.

There is no figure without enough of them: an estimate is never a guess.
"""

from dataclasses import dataclass

from django.db import connection

from generations.common.caching import remembered
from generations.contract.support import SUPPORT

from .models import Generation

# The newest jobs predict best: the provider may have changed since the older ones.
MAX_SAMPLE = 200
MIN_SAMPLE = 5
CACHED_SECONDS = 60

# Raw SQL: the ORM has no percentile aggregate.
_DURATIONS = """
SELECT COUNT(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)
FROM (
    SELECT EXTRACT(EPOCH FROM g.finished_at - a.started_at) AS seconds
    FROM generations_generation g
    JOIN generations_attempt a ON a.generation_id = g.id AND a.outcome = 'accepted'
    WHERE g.state = 'completed' AND NOT g.is_late AND g.is_preview = %(is_preview)s
        AND g.model = %(model)s AND g.duration = %(duration)s AND g.resolution = ANY(%(resolutions)s)
    ORDER BY g.created_at DESC LIMIT %(sample)s
) completed
"""


@dataclass(frozen=True)
class UsualTime:
    """Seconds from sending to completion: half of the jobs needed at most `median`, nine of ten at most `p90`."""

    median: float
    p90: float


def usual_time(generation: Generation) -> UsualTime | None:
    """Return the usual time for this model, size and duration; None until a few such jobs have completed."""
    tier = SUPPORT.tier(generation.resolution)
    key = f"usual:{generation.is_preview}:{generation.model}:{tier}:{generation.duration}"
    return remembered(key, CACHED_SECONDS, lambda: _measure(generation, tier))


def _measure(generation: Generation, tier: str) -> UsualTime | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _DURATIONS,
            {
                "is_preview": generation.is_preview,
                "model": generation.model,
                "duration": generation.duration,
                "resolutions": list(SUPPORT.tiers[tier]),
                "sample": MAX_SAMPLE,
            },
        )
        count, median, p90 = cursor.fetchone()
    return UsualTime(median, p90) if count >= MIN_SAMPLE else None
