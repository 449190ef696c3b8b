"""One team's live events in one process: read once from Valkey, handed to every open stream.

- A feed keeps the newest messages of its team, so that a returning client is caught up without another read.
- A subscription holds what one client has still to receive. It is bounded: a client who falls behind is let go,
  comes back with the id of the last message it saw, and is caught up.
- A message without data is for us: whoever listens is judged anew before anything more is sent to them.
- A feed lives as long as somebody listens, and a little longer, because people move from page to page.
"""

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

HISTORY = 1_000
"""Messages kept for returning clients."""
BACKLOG = 100
"""Messages one client may be behind."""

Position = tuple[int, int]
"""A stream id of Valkey, `milliseconds-sequence`, so that positions compare as they follow each other."""

Entry = tuple[str, dict[str, str]]
START: Position = (0, 0)
HEARTBEAT = b":\n\n"

log = structlog.get_logger(__name__)


def stream_key(team_id: int) -> str:
    return f"dailies:live:{team_id}"


def parse_position(text: str) -> Position | None:
    """Read a `Last-Event-ID`; None for anything that we did not make."""
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
    """Tell a client where it stands. When not complete, it may have missed messages and should look at everything."""
    return _frame(position, json.dumps({"complete": is_complete}), name="sync")


class Subscription:
    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        self.is_closed = False
        self.is_in_doubt = False
        """Whether the listener may still listen has to be asked before the next send; whoever asks clears it."""

    def put(self, frame: bytes) -> None:
        if len(self._waiting) >= BACKLOG:
            self.close()
        else:
            self._waiting.append(frame)
            self._wake.set()

    def close(self) -> None:
        self.is_closed = True
        self._waiting.clear()
        self._wake.set()

    async def take(self) -> bytes:
        """Wait for something to send and return all of it; empty when closed."""
        await self._wake.wait()
        if self.is_closed:
            return b""
        self._wake.clear()
        frames, self._waiting = self._waiting, []
        return b"".join(frames)


class Feed:
    """`run` reads; `subscribe` listens, once `opened` is done. Nothing here blocks but these two."""

    def __init__(self, valkey: "Redis", team_id: int, *, heartbeat: float, idle: float) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._valkey = valkey
        self._key = stream_key(team_id)
        self._heartbeat = heartbeat
        self._idle = idle
        self._messages: deque[Message] = deque(maxlen=HISTORY)
        self._newest = START
        self._subscriptions: set[Subscription] = set()
        self._spoke_at = self._left_at = self._doubted_at = _now()

    def subscribe(self, last_seen: Position | None, *, admitted_at: float) -> Subscription:
        """Listen from now on, or from after the last message that the client saw.

        `admitted_at` is when the loop's clock began to ask whether the client may: what came since puts it in doubt.
        """
        subscription = Subscription()
        subscription.is_in_doubt = admitted_at <= self._doubted_at
        subscription.put(self._opening(last_seen))
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._left_at = _now()

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()

    async def run(self) -> None:
        """Read until nobody has listened for a while. Raises redis.RedisError only when it cannot begin."""
        history: Any = await self._valkey.xrange(self._key)
        self._remember(history)
        self._doubted_at = _now()
        self.opened.set_result(None)
        while self._subscriptions or _now() < self._left_at + self._idle:
            try:
                self._tell(self._remember(await self._read()))
            except RedisError as error:
                log.warning("live_events_interrupted", stream=self._key, error=type(error).__name__)
                await self._recover()
            if _now() >= self._spoke_at + self._heartbeat:
                self._broadcast([HEARTBEAT])

    async def _recover(self) -> None:
        """Wait a second; when Valkey answers again, tell every client to look at everything, for messages were lost."""
        await asyncio.sleep(1)
        with contextlib.suppress(RedisError):
            await self._valkey.ping()
            self._doubt_all()
            self._broadcast([sync_frame(self._newest, is_complete=False)])

    async def _read(self) -> list[Entry]:
        answer: Any = await self._valkey.xread(
            {self._key: _text(self._newest)}, count=BACKLOG // 2, block=self._patience()
        )
        return answer[self._key][0] if answer else []

    def _patience(self) -> int:
        """Milliseconds until the next heartbeat is due, at least one: zero would mean for ever."""
        return max(1, int((self._spoke_at + self._heartbeat - _now()) * 1000))

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

    def _tell(self, messages: list[Message]) -> None:
        if not all(message.has_data for message in messages):
            self._doubt_all()
        self._broadcast([message.frame for message in messages])

    def _doubt_all(self) -> None:
        """The frame that follows wakes them."""
        self._doubted_at = _now()
        for subscription in self._subscriptions:
            subscription.is_in_doubt = True

    def _broadcast(self, frames: list[bytes]) -> None:
        if frames:
            self._spoke_at = _now()
        for subscription in self._subscriptions:
            for frame in frames:
                subscription.put(frame)


def _now() -> float:
    return asyncio.get_running_loop().time()
