"""Quotas of earlier submits, so that a busy member's next one need not ask first what holds.

What is remembered is proved by the statement that uses it: OPEN_RULES compares the rules as they stand, and whether the
period that they were settled for still runs. So a new cap, a raise that ended or a new day counts at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .quotas import APPLYING, RULES, EffectiveQuota, quota_from

_MOST = 10_000
# What tells whose rules they are, and where their days begin.
_Key = tuple[Any, ...]

# The rules that the caller has to settle into bounds before anything can be held; NULL when none hold, or when the
# bounds were settled from just these.
OPEN_RULES = f"""(
    SELECT rules FROM (
        SELECT ({RULES}) AS rules
        WHERE %(settled)s::jsonb IS NOT NULL
            OR %(bounds)s::jsonb IS NULL AND EXISTS (SELECT FROM generations_quota quota WHERE {APPLYING})
        OFFSET 0
    ) present
    WHERE %(settled)s::jsonb IS NULL OR rules - 'now' <> %(settled)s::jsonb
        OR statement_timestamp() >= %(until)s::timestamptz
)"""  # noqa: S608 - put together from our own constants


@dataclass(frozen=True)
class Settled:
    """A quota with the rules that it was settled from, as JSON, and until when it is the same."""

    quota: EffectiveQuota
    rules: str
    until: datetime | None

    @property
    def parameters(self) -> dict[str, Any]:
        """For a statement that contains OPEN_RULES and proves what is remembered."""
        return {"bounds": self.bounds, "settled": self.rules, "until": self.until}

    @property
    def bounds(self) -> str:
        return json.dumps(self.quota.bounds, default=str)


UNSETTLED: Mapping[str, Any] = {"bounds": None, "settled": None, "until": None}
_known: dict[_Key, Settled] = {}


def settle(rules: str | Mapping[str, Any], applicant: Mapping[str, Any], time_zone: str) -> Settled:
    """Settle what OPEN_RULES gave for these parameters, and remember it for the applicant's next submit."""
    told: Mapping[str, Any] = json.loads(rules) if isinstance(rules, str) else rules
    quota = quota_from(told, time_zone)
    ends = [caps.cap.value.span.end for _, caps in quota if caps.cap.value and caps.cap.value.span.end]
    lasting = json.dumps({name: value for name, value in told.items() if name != "now"})
    settled = Settled(quota, lasting, min(ends, default=None))
    if len(_known) >= _MOST:
        _known.clear()
    _known[_key(applicant, time_zone)] = settled
    return settled


def recall_settled(applicant: Mapping[str, Any], time_zone: str) -> Settled | None:
    """What was settled for the same applicant before, still to be proved."""
    return _known.get(_key(applicant, time_zone))


def _key(applicant: Mapping[str, Any], time_zone: str) -> _Key:
    return (*(applicant[name] for name in ("team", "member", "role", "key")), time_zone)
