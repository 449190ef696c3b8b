"""When to look at a generation again: how often to poll, and how long to wait after a failure."""

import random
from datetime import timedelta

from django.conf import settings

from generations.upstream.retries import retry_delay

# A job that takes longer than usual is not failed; it is only polled less often.
OVERDUE_POLL = timedelta(minutes=1)


def poll_delay(*, is_overdue: bool = False) -> timedelta:
    """Return the time to the next poll, with 20% jitter so that the polls of a batch spread out."""
    interval = OVERDUE_POLL if is_overdue else settings.POLL_INTERVAL
    return interval * random.uniform(0.9, 1.1)  # noqa: S311


def back_off(failures: int, retry_after: float | None = None) -> timedelta:
    """Return the time to the next try after this many failures in a row, or the provider's Retry-After if given."""
    return timedelta(seconds=retry_delay(failures, retry_after=retry_after))
