"""Turns taken in leases: never more than a bucket holds, whoever takes them."""

import time
from uuid import uuid4

import pytest
import redis

from generations.api.turns import Bucket, Leases

pytestmark = pytest.mark.usefixtures("valkey")


def bucket_of(rate: int) -> Bucket:
    return Bucket(f"rate:test:{uuid4().hex}", "this key", rate)


def asked(valkey: redis.Redis) -> int:
    calls = valkey.info("commandstats")
    return int(sum(calls[f"cmdstat_{name}"]["calls"] for name in ("eval", "evalsha") if f"cmdstat_{name}" in calls))


def granted(processes: list[Leases], bucket: Bucket, tries: int) -> int:
    return sum(not processes[n % len(processes)].take((bucket,)).empty for n in range(tries))


@pytest.mark.parametrize("processes", [1, 3])
def test_as_many_pass_as_the_bucket_holds(processes: int) -> None:
    bucket, begun = bucket_of(600), time.monotonic()
    passed = granted([Leases() for _ in range(processes)], bucket, 900)
    refilled = (time.monotonic() - begun) * bucket.rate / 60
    assert bucket.rate - 6 * processes <= passed <= bucket.rate + refilled


def test_who_is_busy_asks_seldom(valkey: redis.Redis) -> None:
    before = asked(valkey)
    assert granted([Leases()], bucket_of(60_000), 500) == 500
    assert asked(valkey) - before < 100


def test_a_small_limit_is_counted_one_by_one() -> None:
    bucket = bucket_of(3)
    assert [Leases().take((bucket,)).empty for _ in range(4)] == [0, 0, 0, 1]


def test_it_tells_what_is_left_with_what_it_keeps() -> None:
    leases, bucket = Leases(), bucket_of(1_000)
    left = [leases.take((bucket,)).left for _ in range(20)]
    assert left[0] == 999
    assert all(980 <= told <= 999 for told in left)


def test_what_was_not_used_comes_back(valkey: redis.Redis) -> None:
    leases, bucket = Leases(), bucket_of(6_000)
    granted([leases], bucket, 20)
    kept = leases._known[(bucket,)]
    assert kept.turns
    kept.ends = 0  # as if a second had passed
    left = leases.take((bucket,)).left
    assert 5_979 <= left <= 6_000
    assert leases._known[(bucket,)].turns == 0
