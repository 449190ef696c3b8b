"""When to try again: pure functions, with time and chance passed in."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random as _random

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
LONGEST_RETRY_AFTER = 3600.0


def retry_delay(failures: int, *, retry_after: float | None = None, random: Callable[[], float] = _random) -> float:
    """Return the seconds to wait after so many failures in a row.

    1, 2, 4 s and so on up to 300 s, or what the provider asked for if that is longer (up to an hour); and on top of
    that up to half of it again by chance, so that those who failed together do not return together.
    """
    exponential = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(max(failures, 1) - 1, 30))
    asked = min(LONGEST_RETRY_AFTER, retry_after or 0.0)
    return max(exponential, asked) * (1 + random() / 2)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header, in seconds or as an HTTP date. None for one that is missing or makes no sense."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
