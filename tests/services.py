"""Fixtures for the services of the suite. `tests.embedded` starts them before the settings are read."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings

from tests.chromium import find_chromium, how_to_install, launch_flags


@pytest.fixture(scope="session")
def valkey() -> Iterator[redis.Redis]:
    """The broker, the cache and the live events of this test process."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_valkey(valkey: redis.Redis) -> Iterator[None]:
    """Remove all messages, rate limits and cached values after each test."""
    yield
    valkey.flushdb()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium of this machine. Without one the browser tests fail with the command that installs it."""
    chromium = find_chromium()
    if chromium is None:
        pytest.fail(f"The browser tests need Chromium. Install it with: {how_to_install()}", pytrace=False)
    return {**browser_type_launch_args, "executable_path": chromium, "args": launch_flags()}
