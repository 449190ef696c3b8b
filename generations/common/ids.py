"""Ids that sort by time, so that new rows are next to each other in an index."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    value = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return UUID(int=value)
