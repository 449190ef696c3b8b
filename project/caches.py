"""The cache, which nobody may depend on: without Valkey everything is a miss, and nothing is an error."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from generations.common.valkey import CircuitBreaker

Answer = TypeVar("Answer")
# A page asks several times, and rather gets no answer than a late one.
OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)}

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()


class ForgivingCacheClient(RedisCacheClient):
    """Answers as an empty cache would that takes everything and keeps nothing. Rate limits let pass for that while."""

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return _or(True, lambda: super(ForgivingCacheClient, self).add(key, value, timeout))

    def get(self, key: Any, default: Any) -> Any:
        return _or(default, lambda: super(ForgivingCacheClient, self).get(key, default))

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        _or(None, lambda: super(ForgivingCacheClient, self).set(key, value, timeout))

    def touch(self, key: Any, timeout: Any) -> bool:
        return _or(False, lambda: super(ForgivingCacheClient, self).touch(key, timeout))

    def delete(self, key: Any) -> bool:
        return _or(False, lambda: super(ForgivingCacheClient, self).delete(key))

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        nothing: dict[Any, Any] = {}
        return _or(nothing, lambda: super(ForgivingCacheClient, self).get_many(keys))

    def has_key(self, key: Any) -> bool:
        return _or(False, lambda: super(ForgivingCacheClient, self).has_key(key))

    def incr(self, key: Any, delta: int) -> int:
        """Raise ValueError for a key that is not there, as every Django cache does."""
        count = _or(None, lambda: super(ForgivingCacheClient, self).incr(key, delta))
        if count is None:
            raise ValueError(f"Key '{key}' not found.")
        return int(count)

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        _or(None, lambda: super(ForgivingCacheClient, self).set_many(data, timeout))

    def delete_many(self, keys: Iterable[Any]) -> None:
        _or(None, lambda: super(ForgivingCacheClient, self).delete_many(keys))

    def clear(self) -> bool:
        return _or(False, lambda: super(ForgivingCacheClient, self).clear())


class ForgivingCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {**OPTIONS, **params.get("OPTIONS", {})}})
        self._class = ForgivingCacheClient


def _or(instead: Answer, ask: Callable[[], Answer]) -> Answer:
    if _circuit_breaker.is_open:
        return instead
    try:
        return ask()
    except RedisError as error:
        _circuit_breaker.trip()
        log.warning("cache_away", error=type(error).__name__)
        return instead
