"""Cache the result of an expensive call, and compute it when Valkey is down."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.core.cache import cache
from redis import RedisError

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


def remembered(key: str, seconds: int, compute: Callable[[], Result]) -> Result:
    """Return a cached result that is at most `seconds` old, or compute it. Never fails because of the cache."""
    try:
        found: tuple[Result] | None = cache.get(key)
        if found is None:
            found = (compute(),)
            cache.set(key, found, seconds)
    except RedisError as error:
        log.warning("cache_unavailable", error=type(error).__name__)
        return compute()
    return found[0]
