"""When to look again: how often to poll, and how long to wait after a failure."""

import random
from datetime import timedelta

from django.conf import settings

from generations.upstream.retries import retry_delay

# Past the longest usual time a job is not given up, only asked about less often.
OVERDUE_POLL = timedelta(minutes=1)


def poll_delay(*, is_overdue: bool = False) -> timedelta:
    """The time to the next poll, with 20 % jitter so that a batch does not stay in step."""
    interval = OVERDUE_POLL if is_overdue else settings.POLL_INTERVAL
    return interval * random.uniform(0.9, 1.1)  # noqa: S311


def back_off(failures: int, retry_after: float | None = None) -> timedelta:
    """The time to the next try after that many failures in a row; the provider's Retry-After wins."""
    return timedelta(seconds=retry_delay(failures, retry_after=retry_after))
