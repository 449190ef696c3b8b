"""The Valkey client for hints and heartbeats. Calls fail fast instead of waiting."""

import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


class CircuitBreaker:
    """Skip calls for some seconds after a failure, so that a lost Valkey slows down neither pages nor batches."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        self._open_until = time.monotonic() + self._seconds


def valkey() -> "redis.Redis":
    """Return this process's client. Responses are text; a call that takes longer than a second raises RedisError."""
    return _client(settings.REDIS_URL)


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )
