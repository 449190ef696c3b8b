"""How many requests a minute: of a key, of a member, of a team. Counted in Valkey, in one round trip at most.

Each of the three has a bucket that holds a minute's worth and refills evenly (the generic cell rate algorithm). A
request that one of them refuses counts in none. Without Valkey everybody may pass: it protects, it does not decide.
"""

import structlog
from django.conf import settings
from redis import RedisError

from generations.accounts.callers import Caller
from generations.common.valkey import CircuitBreaker

from .errors import RateLimitedError
from .turns import Bucket, Leases

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()
_leases = Leases()


def take_turn(caller: Caller) -> int | None:
    """Count one request. Return how many more the key may send now, None when nobody counts; RateLimitedError."""
    buckets = _buckets(caller)
    if not buckets or _circuit_breaker.is_open:
        return None
    try:
        turn = _leases.take(buckets)
    except RedisError as error:
        _circuit_breaker.trip()
        log.warning("rate_limits_away", error=type(error).__name__)
        return None
    if turn.empty:
        bucket = buckets[turn.empty - 1]
        raise RateLimitedError(bucket.whose, bucket.rate, turn.wait)
    return turn.left if buckets[0].whose == "this key" else None


def _buckets(caller: Caller) -> tuple[Bucket, ...]:
    """Those that have a limit. A service key counts against no member."""
    every = (
        Bucket(f"rate:key:{caller.key.pk.hex}", "this key", settings.API_RATE_KEY),
        Bucket(f"rate:member:{caller.membership.pk}", "one person", settings.API_RATE_MEMBER),
        Bucket(f"rate:team:{caller.team.pk}", "one team", settings.API_RATE_TEAM),
    )
    is_nobody = caller.key.is_service
    return tuple(bucket for bucket in every if bucket.rate and not (is_nobody and bucket.whose == "one person"))
