"""Token buckets: exactly as many requests pass as a bucket holds."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from generations.api.rate_limiter import Bucket, _count

pytestmark = pytest.mark.usefixtures("valkey")


def bucket_of(rate: int) -> Bucket:
    return Bucket(f"rate:test:{uuid4().hex}", "this key", rate)


def test_a_bucket_is_exact_when_requests_arrive_together() -> None:
    bucket = bucket_of(30)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: _count([bucket]), range(40)))
    assert sum(not empty for empty, _, _ in results) == 30
    assert all(0 < wait <= 60_000_000 for empty, wait, _ in results if empty)


def test_it_returns_what_the_first_bucket_has_left() -> None:
    buckets = [bucket_of(5), bucket_of(3)]
    assert [_count(buckets)[::2] for _ in range(4)] == [(0, 4), (0, 3), (0, 2), (2, 1)]
