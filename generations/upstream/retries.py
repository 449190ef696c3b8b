"""When to try again. Pure functions: time and randomness are arguments."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random as _random

MIN_DELAY = 1.0
MAX_DELAY = 300.0
MAX_RETRY_AFTER = 3600.0


def retry_delay(failures: int, *, retry_after: float | None = None, random: Callable[[], float] = _random) -> float:
    """Return the seconds to wait after this many failures in a row.

    1, 2, 4 s and so on up to 300 s, or the provider's Retry-After if that is longer (up to an hour). Up to 50% of
    jitter is added, so that jobs that failed together are not tried again together.
    """
    exponential = min(MAX_DELAY, MIN_DELAY * 2.0 ** min(max(failures, 1) - 1, 30))
    requested = min(MAX_RETRY_AFTER, retry_after or 0.0)
    return max(exponential, requested) * (1 + random() / 2)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Parse a Retry-After header, in seconds or as an HTTP date. None if it is missing or invalid."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        time = parsedate_to_datetime(date)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return max(0.0, (time - now).total_seconds())
