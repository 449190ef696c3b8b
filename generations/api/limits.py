"""How many requests a minute: of a key, of a member, of a team. Counted in Valkey, in one round trip.

Each of the three has a bucket that holds a minute's worth and refills evenly (the generic cell rate algorithm). A
request that one of them refuses counts in none. Without Valkey everybody may pass: it protects, it does not decide.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis import RedisError

from generations.accounts.callers import Caller
from generations.common.errors import DailiesError
from generations.common.valkey import Pause, valkey

log = structlog.get_logger(__name__)
_pause = Pause()

_MINUTE = 60_000_000  # microseconds, Valkey's clock
# Returns 0 or which bucket is empty, the microseconds until it has room, and what the first one has left.
_TAKE = """
local time = redis.call('TIME')
local now, empty, wait, left = time[1] * 1000000 + time[2], 0, 0, 0
local after = {}
for i, key in ipairs(KEYS) do
    local step = tonumber(ARGV[i])
    local full = math.max(tonumber(redis.call('GET', key) or 0), now)
    after[i] = full + step
    local over = after[i] - now - 60000000
    if over > 0 and over > wait then empty, wait = i, over end
    if i == 1 then left = math.max(0, math.floor(-over / step)) end
end
if empty == 0 then
    for i, key in ipairs(KEYS) do
        redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000))
    end
end
return {empty, wait, left}
"""


class RateLimitedError(DailiesError):
    """HTTP 429. Nothing was done; `retry_after` is in seconds."""

    def __init__(self, whose: str, rate: int, retry_after: float) -> None:
        super().__init__(f"Too many requests: {whose} may send {rate:,} a minute. Wait {math.ceil(retry_after)} s.")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Bucket:
    name: str
    whose: str
    rate: int


def take_turn(caller: Caller) -> int | None:
    """Count one request. Return how many more the key may send now, None when nobody counts; RateLimitedError."""
    buckets = _buckets(caller)
    if not buckets or _pause.is_on:
        return None
    try:
        empty, wait, left = _take(buckets)
    except RedisError as error:
        _pause.begin()
        log.warning("rate_limits_away", error=type(error).__name__)
        return None
    if empty:
        bucket = buckets[empty - 1]
        raise RateLimitedError(bucket.whose, bucket.rate, wait / 1_000_000)
    return left if buckets[0].whose == "this key" else None


def _buckets(caller: Caller) -> list[Bucket]:
    """Those that have a limit. A service key counts against no member."""
    every = [
        Bucket(f"rate:key:{caller.key.pk.hex}", "this key", settings.API_RATE_KEY),
        Bucket(f"rate:member:{caller.membership.pk}", "one person", settings.API_RATE_MEMBER),
        Bucket(f"rate:team:{caller.team.pk}", "one team", settings.API_RATE_TEAM),
    ]
    return [bucket for bucket in every if bucket.rate and not (bucket.whose == "one person" and caller.key.is_service)]


def _take(buckets: list[Bucket]) -> tuple[int, int, int]:
    answer = _script(settings.REDIS_URL)(
        keys=[bucket.name for bucket in buckets], args=[_MINUTE / bucket.rate for bucket in buckets]
    )
    empty, wait, left = answer
    return int(empty), int(wait), int(left)


@cache
def _script(url: str) -> Any:
    return valkey().register_script(_TAKE)
