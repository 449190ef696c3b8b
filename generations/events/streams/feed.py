"""The live hints of one team in one process: read once from Valkey and passed to every open stream.

- A feed keeps the newest messages of its team, so that a reconnecting client catches up without another read.
- A subscription queues what one client has yet to receive. The queue is bounded. The stream of a client that falls
  behind ends; the client reconnects with the id of the last message it received, and catches up.
- A message without data tells this process to check the permissions of every subscriber again before the next send.
- A feed runs while it has subscribers, and `idle` seconds longer, because users change pages.
"""

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

HISTORY = 1_000
"""Messages kept for reconnecting clients."""
BACKLOG = 100
"""Messages that one client may be behind."""

Position = tuple[int, int]
"""A stream id of Valkey, `milliseconds-sequence`, as numbers: positions compare in the order of the messages."""

Entry = tuple[str, dict[str, str]]
START: Position = (0, 0)
HEARTBEAT = b":\n\n"

log = structlog.get_logger(__name__)


def stream_key(team_id: int) -> str:
    return f"dailies:live:{team_id}"


def parse_position(text: str) -> Position | None:
    """Parse a `Last-Event-ID`; return None for anything that this server did not write."""
    milliseconds, _, sequence = text.partition("-")
    if not (milliseconds.isascii() and milliseconds.isdigit() and sequence.isascii() and sequence.isdigit()):
        return None
    return (int(milliseconds), int(sequence)) if len(text) <= 40 else None


@dataclass(frozen=True, slots=True)
class Message:
    position: Position
    frame: bytes
    has_data: bool = True

    @classmethod
    def from_entry(cls, key: str, fields: dict[str, str]) -> "Message":
        position = parse_position(key) or START
        if "data" in fields:
            return cls(position, _frame(position, fields["data"]))
        return cls(position, f"id: {_text(position)}\n\n".encode(), has_data=False)


def _text(position: Position) -> str:
    return f"{position[0]}-{position[1]}"


def _frame(position: Position, data: str, name: str = "") -> bytes:
    event = f"event: {name}\n" if name else ""
    return f"id: {_text(position)}\n{event}data: {data}\n\n".encode()


def sync_frame(position: Position, *, is_complete: bool) -> bytes:
    """Build the frame with the client's position. When it is not complete, the client must reload everything."""
    return _frame(position, json.dumps({"complete": is_complete}), name="sync")


class Subscription:
    def __init__(self) -> None:
        self._queue: list[bytes] = []
        self._wake = asyncio.Event()
        self.is_closed = False
        self.needs_revalidation = False
        """Whether the subscriber's permission must be checked before the next send. The checker clears it."""

    def put(self, frame: bytes) -> None:
        if len(self._queue) >= BACKLOG:
            self.close()
        else:
            self._queue.append(frame)
            self._wake.set()

    def close(self) -> None:
        self.is_closed = True
        self._queue.clear()
        self._wake.set()

    async def get(self) -> bytes:
        """Wait for frames and return all of them; empty when the subscription is closed."""
        await self._wake.wait()
        if self.is_closed:
            return b""
        self._wake.clear()
        frames, self._queue = self._queue, []
        return b"".join(frames)


class Feed:
    """`run` reads. `subscribe` may be called once `opened` is done. Only these two wait."""

    def __init__(self, valkey: "Redis", team_id: int, *, heartbeat: float, idle: float) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._valkey = valkey
        self._key = stream_key(team_id)
        self._heartbeat = heartbeat
        self._idle = idle
        self._messages: deque[Message] = deque(maxlen=HISTORY)
        self._newest = START
        self._subscriptions: set[Subscription] = set()
        self._sent_at = self._unsubscribed_at = self._invalidated_at = _now()

    def subscribe(self, last_seen: Position | None, *, authorized_at: float) -> Subscription:
        """Subscribe from now on, or from after the last message that the client received.

        `authorized_at` is the loop's time just before the permission check. If an invalidation arrived since then,
        the permission is checked again.
        """
        subscription = Subscription()
        subscription.needs_revalidation = authorized_at <= self._invalidated_at
        subscription.put(self._opening(last_seen))
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._unsubscribed_at = _now()

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()

    async def run(self) -> None:
        """Read until the feed has been without subscribers for `idle` seconds.

        Raises redis.RedisError only when the first read fails.
        """
        history: Any = await self._valkey.xrange(self._key)
        self._remember(history)
        self._invalidated_at = _now()
        self.opened.set_result(None)
        while self._subscriptions or _now() < self._unsubscribed_at + self._idle:
            try:
                self._deliver(self._remember(await self._read()))
            except RedisError as error:
                log.warning("live_events_interrupted", stream=self._key, error=type(error).__name__)
                await self._recover()
            if _now() >= self._sent_at + self._heartbeat:
                self._broadcast([HEARTBEAT])

    async def _recover(self) -> None:
        """Wait a second. When Valkey responds again, have every client reload everything: messages were lost."""
        await asyncio.sleep(1)
        with contextlib.suppress(RedisError):
            await self._valkey.ping()
            self._invalidate_all()
            self._broadcast([sync_frame(self._newest, is_complete=False)])

    async def _read(self) -> list[Entry]:
        reply: Any = await self._valkey.xread(
            {self._key: _text(self._newest)}, count=BACKLOG // 2, block=self._block_milliseconds()
        )
        return reply[self._key][0] if reply else []

    def _block_milliseconds(self) -> int:
        """Return the time until the next heartbeat, at least 1: with 0 Valkey would block without end."""
        return max(1, int((self._sent_at + self._heartbeat - _now()) * 1000))

    def _remember(self, entries: list[Entry]) -> list[Message]:
        fresh = [Message.from_entry(*entry) for entry in entries]
        if fresh:
            self._messages.extend(fresh)
            self._newest = fresh[-1].position
        return fresh

    def _opening(self, last_seen: Position | None) -> bytes:
        oldest = self._messages[0].position if self._messages else self._newest
        if last_seen is None or not oldest <= last_seen <= self._newest:
            return sync_frame(self._newest, is_complete=False)
        missed = [message.frame for message in self._messages if message.position > last_seen]
        return b"".join([sync_frame(last_seen, is_complete=True), *missed])

    def _deliver(self, messages: list[Message]) -> None:
        if not all(message.has_data for message in messages):
            self._invalidate_all()
        self._broadcast([message.frame for message in messages])

    def _invalidate_all(self) -> None:
        """Mark all subscriptions for a permission check. The frame that follows wakes them."""
        self._invalidated_at = _now()
        for subscription in self._subscriptions:
            subscription.needs_revalidation = True

    def _broadcast(self, frames: list[bytes]) -> None:
        if frames:
            self._sent_at = _now()
        for subscription in self._subscriptions:
            for frame in frames:
                subscription.put(frame)


class RegistryClosedError(Exception):
    """The process is shutting down."""


class FeedRegistry:
    """The feeds of one process: opened by the first subscriber, ended when they have been unused for a while."""

    def __init__(self, redis_url: str, *, heartbeat: float, idle: float) -> None:
        self._heartbeat = heartbeat
        self._idle = idle
        # A read blocks until the next heartbeat, so the socket's timeout must be a little longer.
        self._valkey = Redis.from_url(
            redis_url,
            decode_responses=True,
            protocol=3,
            max_connections=10_000,
            socket_timeout=heartbeat + 5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._feeds: dict[int, Feed] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def open_count(self) -> int:
        return len(self._feeds)

    async def subscribe(
        self, team_id: int, last_seen: Position | None, *, authorized_at: float
    ) -> tuple[Feed, Subscription]:
        """Subscribe to the team's feed.

        Raises redis.RedisError when the feed cannot be read, RegistryClosedError during shutdown.
        """
        while not self._is_closed:
            feed = self._feeds.get(team_id) or self._open(team_id)
            await asyncio.shield(feed.opened)
            if self._feeds.get(team_id) is feed:  # it may have ended while we waited to run
                return feed, feed.subscribe(last_seen, authorized_at=authorized_at)
        raise RegistryClosedError

    def close(self) -> None:
        """End every stream, so that clients reconnect to another process and this one can stop."""
        self._is_closed = True
        for feed in self._feeds.values():
            feed.close()

    def _open(self, team_id: int) -> Feed:
        feed = Feed(self._valkey, team_id, heartbeat=self._heartbeat, idle=self._idle)
        self._feeds[team_id] = feed
        run = asyncio.create_task(self._run(team_id, feed))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return feed

    async def _run(self, team_id: int, feed: Feed) -> None:
        try:
            await feed.run()
        except RedisError as error:
            log.warning("live_events_unavailable", team_id=team_id, error=type(error).__name__)
            feed.opened.set_exception(error)
        finally:
            del self._feeds[team_id]
            feed.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
