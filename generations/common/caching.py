"""Remember a costly answer for a while, and do without when Valkey is away."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.core.cache import cache
from redis import RedisError

Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


def remembered(key: str, seconds: int, compute: Callable[[], Answer]) -> Answer:
    """Return the answer of at most `seconds` ago, or compute it. Never fails for want of a cache."""
    try:
        found: tuple[Answer] | None = cache.get(key)
        if found is None:
            found = (compute(),)
            cache.set(key, found, seconds)
    except RedisError as error:
        log.warning("cache_away", error=type(error).__name__)
        return compute()
    return found[0]
