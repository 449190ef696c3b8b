"""Turns of buckets that are counted in Valkey: one at a time for most, several in one round trip for who is busy.

What a process has taken and not used within a second it gives back with its next question. So no bucket ever lets
more through than it holds; while several processes serve one key, each may keep a hundredth from the others for as
long.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings

from generations.common.valkey import valkey

_MINUTE = 60_000_000  # microseconds, Valkey's clock
_SHARE = 100  # the part of a minute's worth that one lease may be
_MOST = 50
_KEPT_FOR = 1.0  # seconds
_MOST_LEASES = 10_000

# The last argument is how many turns, fewer than none to give back; before it, what a turn costs in each bucket.
# Returns 0 or which bucket is empty, the microseconds until it has room, and the turns that the first one has left.
_TAKE = """
local time = redis.call('TIME')
local now, turns, empty, wait, left = time[1] * 1000000 + time[2], tonumber(ARGV[#ARGV]), 0, 0, 0
local after = {}
for i, key in ipairs(KEYS) do
    local step = tonumber(ARGV[i])
    local full = math.max(tonumber(redis.call('GET', key) or 0), now)
    after[i] = math.max(full + step * turns, now + 1)
    local over = after[i] - now - 60000000
    if turns > 0 and over > 0 and over > wait then empty, wait = i, over end
    if i == 1 then left = math.max(0, math.floor(-over / step)) end
end
if empty == 0 then
    for i, key in ipairs(KEYS) do
        redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000))
    end
end
return {empty, wait, left}
"""


class Bucket(NamedTuple):
    """`rate` is in turns a minute."""

    name: str
    whose: str
    rate: int


@dataclass(frozen=True)
class Turn:
    """`empty` counts from 1 which bucket refused, 0 for none; `wait` is in seconds, `left` in the first bucket."""

    empty: int
    wait: float
    left: int


@dataclass
class Lease:
    """Turns that were taken and not used yet, and how many stayed in the first bucket."""

    size: int
    turns: int
    left: int
    ends: float = field(default_factory=lambda: time.monotonic() + _KEPT_FOR)

    @property
    def has_ended(self) -> bool:
        return time.monotonic() >= self.ends

    @property
    def next_size(self) -> int:
        """Whoever used one up in time gets twice as many."""
        return 1 if self.turns or self.has_ended else 2 * self.size


class Leases:
    """Those of this process, by the buckets that they come from."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[Bucket, ...], Lease] = {}

    def take(self, buckets: tuple[Bucket, ...]) -> Turn:
        """Take one turn of all the buckets, or of none. Raises RedisError."""
        with self._lock:
            lease = self._known.get(buckets)
            if lease and lease.turns and not lease.has_ended:
                lease.turns -= 1
                return Turn(0, 0, lease.left + lease.turns)
            self._known.pop(buckets, None)
        return self._renew(buckets, lease or Lease(size=1, turns=0, left=0, ends=0))

    def _renew(self, buckets: tuple[Bucket, ...], old: Lease) -> Turn:
        most = max(1, min(_MOST, *(bucket.rate // _SHARE for bucket in buckets)))
        size = min(old.next_size, most)
        turn = _take(buckets, size - old.turns)
        if turn.empty and size > 1:
            size, turn = 1, _take(buckets, 1)
        if not turn.empty:
            self._keep(buckets, Lease(size, size - 1, turn.left))
        return Turn(turn.empty, turn.wait, turn.left + size - 1)

    def _keep(self, buckets: tuple[Bucket, ...], lease: Lease) -> None:
        with self._lock:
            if len(self._known) >= _MOST_LEASES:
                self._known.clear()
            if other := self._known.get(buckets):  # another thread asked at the same time
                lease.size, lease.turns = max(lease.size, other.size), lease.turns + other.turns
            self._known[buckets] = lease


def _take(buckets: tuple[Bucket, ...], turns: int) -> Turn:
    steps = [_MINUTE / bucket.rate for bucket in buckets]
    empty, wait, left = _script(settings.REDIS_URL)(keys=[bucket.name for bucket in buckets], args=[*steps, turns])
    return Turn(int(empty), int(wait) / 1_000_000, int(left))


@cache
def _script(url: str) -> Callable[..., Any]:
    script: Callable[..., Any] = valkey().register_script(_TAKE)
    return script
