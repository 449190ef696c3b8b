"""The cache in Valkey. While Valkey cannot be reached, every read is a miss and no call fails."""

from typing import Any

import structlog
from django_redis.cache import RedisCache
from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError

from generations.common.valkey import CircuitBreaker

log = structlog.get_logger(__name__)
_breaker = CircuitBreaker()


class Cache(RedisCache):  # type: ignore[misc]  # django-redis has no types
    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Report success while Valkey cannot be reached: callers that use a key as a lock must not wait for it.

        Rate limits therefore do not apply during that time.
        """
        is_added: bool | None = super().add(*args, **kwargs)
        return True if is_added is None else is_added


class CacheClient(Redis):
    """Fails at once for a few seconds after a failure, so that a page does not wait for each of its cache calls."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if _breaker.is_open:
            raise RedisConnectionError("Valkey could not be reached a moment ago")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except RedisError as error:
            _breaker.trip()
            log.warning("cache_unavailable", error=type(error).__name__)
            raise
