"""Rate limits of API requests per minute, for each key, member and team: token buckets in Valkey.

Each bucket holds one minute's worth of requests and refills evenly (the generic cell rate algorithm). A rejected
request counts in no bucket. Without Valkey every request passes: the limits protect the service, they decide nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis import RedisError

from generations.accounts.api_keys import Caller
from generations.common.valkey import CircuitBreaker, valkey

from .errors import RateLimitedError

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()
_MINUTE = 60_000_000  # microseconds, the unit of Valkey's clock

# Each key stores the time at which its bucket is full again. The arguments are what one request costs in each bucket.
# Returns which bucket is empty (0 for none), the microseconds until it has room, and what the first bucket has left.
_COUNT = """
local time = redis.call('TIME')
local now, empty, wait, left = time[1] * 1000000 + time[2], 0, 0, 0
local after = {}
for i, key in ipairs(KEYS) do
    local step = tonumber(ARGV[i])
    after[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + step
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


@dataclass(frozen=True)
class Bucket:
    """`rate` is in requests per minute; 0 means no limit. `holder` is how the error names it."""

    name: str
    holder: str
    rate: int


def count_request(caller: Caller) -> int | None:
    """Count one request. Return how many the key has left, None without a limit. Raises RateLimitedError."""
    key, *others = _buckets(caller)
    buckets = [bucket for bucket in (key, *others) if bucket.rate]
    if not buckets or _circuit_breaker.is_open:
        return None
    try:
        empty, wait, left = _count(buckets)
    except RedisError as error:
        _circuit_breaker.trip()
        log.warning("rate_limits_unavailable", error=type(error).__name__)
        return None
    if empty:
        bucket = buckets[empty - 1]
        raise RateLimitedError(bucket.holder, bucket.rate, wait / 1_000_000)
    return left if key.rate else None


def _buckets(caller: Caller) -> list[Bucket]:
    """Return the key's bucket first. A service key does not count against a member."""
    buckets = [
        Bucket(f"rate:key:{caller.key.pk.hex}", "this key", settings.API_RATE_KEY),
        Bucket(f"rate:team:{caller.team.pk}", "this team", settings.API_RATE_TEAM),
    ]
    if not caller.key.is_service:
        buckets.append(Bucket(f"rate:member:{caller.membership.pk}", "this member", settings.API_RATE_MEMBER))
    return buckets


def _count(buckets: list[Bucket]) -> tuple[int, int, int]:
    names, steps = [bucket.name for bucket in buckets], [_MINUTE / bucket.rate for bucket in buckets]
    empty, wait, left = _script(settings.REDIS_URL)(keys=names, args=steps)
    return int(empty), int(wait), int(left)


@cache
def _script(url: str) -> Callable[..., Any]:
    script: Callable[..., Any] = valkey().register_script(_COUNT)
    return script
