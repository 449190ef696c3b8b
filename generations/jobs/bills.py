"""What the provider asks for, beside what was charged for it here. Both in credits: one is a US cent of list price."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from generations.contract.prices import price
from generations.contract.support import SUPPORT

LATELY = timedelta(days=30)

# Of takes that the local engine made the provider knows nothing.
_BILLS = """
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
class BillLine:
    """One model at one size. `due` is what the provider asks for certainly, `possible` what it may ask for."""

    model: str
    resolution: str
    attempts: int
    charged: int
    due: int
    possible: int

    @property
    def margin(self) -> int:
        return self.charged - self.due


def bills_lately() -> list[BillLine]:
    with connection.cursor() as cursor:
        cursor.execute(_BILLS, [LATELY.total_seconds()])
        rows = cursor.fetchall()
    return [
        BillLine(
            model, resolution, attempts, charged, _at_list(model, resolution, due), _at_list(model, resolution, may)
        )
        for model, resolution, attempts, charged, due, may in rows
    ]


def _at_list(model: str, resolution: str, seconds: int) -> int:
    """By the vendor's list of today; a model that it has dropped costs nothing any more."""
    known = SUPPORT.models.get(model)
    usd = known.usd_per_second.get(SUPPORT.tier(resolution)) if known and resolution in SUPPORT.resolutions else None
    return price(usd, seconds) if usd else 0
