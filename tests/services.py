"""Fixtures for the services of the suite; `tests.embedded` has started them before the settings were read."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture(scope="session")
def valkey() -> Iterator[redis.Redis]:
    """The broker, the cache and the live events of this test process."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_valkey(valkey: redis.Redis) -> Iterator[None]:
    """No test may see another's messages, rate limits or cached pages."""
    yield
    valkey.flushdb()
