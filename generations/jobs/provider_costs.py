"""What the provider bills for recent jobs, beside what was charged for them here.

Both in credits: one credit is one US cent of the provider's list price.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from generations.contract.support import SUPPORT, price

RECENT = timedelta(days=30)

# Jobs of the local engine cost nothing at the provider.
# Raw SQL: one grouped query over three joins with a derived column.
_COSTS = """
SELECT g.model, g.resolution, COUNT(*),
    COALESCE(SUM(h.captured) FILTER (WHERE a.bill = 'due'), 0),
    COALESCE(SUM(length.seconds) FILTER (WHERE a.bill = 'due'), 0),
    COALESCE(SUM(length.seconds) FILTER (WHERE a.bill = 'possible'), 0)
FROM generations_attempt a
JOIN generations_generation g ON g.id = a.generation_id
JOIN generations_hold h ON h.id = g.hold_id
CROSS JOIN LATERAL (SELECT COALESCE(g.duration, h.captured / g.credits_per_second, 0) AS seconds) length
WHERE a.started_at >= statement_timestamp() - make_interval(secs => %s) AND a.bill <> 'none' AND NOT g.is_preview
GROUP BY g.model, g.resolution ORDER BY g.model, g.resolution
"""


@dataclass(frozen=True)
class ProviderCost:
    """One model and resolution. `due` is what the provider bills, `possible` what it may bill in addition."""

    model: str
    resolution: str
    attempts: int
    charged: int
    due: int
    possible: int

    @property
    def margin(self) -> int:
        return self.charged - self.due


def recent_provider_costs() -> list[ProviderCost]:
    with connection.cursor() as cursor:
        cursor.execute(_COSTS, [RECENT.total_seconds()])
        rows = cursor.fetchall()
    return [
        ProviderCost(
            model,
            resolution,
            attempts,
            charged,
            _list_price(model, resolution, due),
            _list_price(model, resolution, possible),
        )
        for model, resolution, attempts, charged, due, possible in rows
    ]


def _list_price(model: str, resolution: str, seconds: int) -> int:
    """Return the price by the vendor's current list; a model that it no longer lists costs nothing."""
    known = SUPPORT.models.get(model)
    usd = known.usd_per_second.get(SUPPORT.tier(resolution)) if known and resolution in SUPPORT.resolutions else None
    return price(usd, seconds) if usd else 0
