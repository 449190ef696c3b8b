"""The connection to Valkey for small things: hints and signs of life. It would rather fail than wait."""

import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


class Pause:
    """No tries for a while after a failure, so that a lost Valkey slows neither a page nor a batch down."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        self._until = time.monotonic() + self._seconds


def valkey() -> "redis.Redis":
    """Return this process's client. Answers are text; a call that takes a second raises redis.RedisError."""
    return _client(settings.REDIS_URL)


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )
