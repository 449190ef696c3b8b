"""`GET /api/v1/events`: the events of a team for API clients, as `text/event-stream`.

- Each event has the body of a webhook. Its `id` is `<transaction>-<event id>`. A client that reconnects with it in
  `Last-Event-ID` or `?after=` misses nothing, however long it was disconnected: the events are database rows.
- Valkey only hints that there is something to read; without it a stream reads every few seconds.
- The key is checked again while the stream is open, immediately when the key changed. A revoked key's stream ends.
- An idle stream gets a comment at every heartbeat, with the id to resume from.
"""

import asyncio
import contextlib
import json
import random
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from generations.common.errors import ForbiddenError, NotFoundError

from ..kinds import PUBLIC_KINDS
from ..reading import LARGEST, Position, Subscriber, body_of, events_after, horizon, position_of
from .database import DatabaseThreads
from .feed import Feed, FeedRegistry, RegistryClosedError, Subscription, parse_position
from .server import (
    STREAM_HEADERS,
    Header,
    Receive,
    Scope,
    Send,
    StreamRequest,
    send_json,
    send_preflight,
    wait_for_disconnect,
)

PATH = "/api/v1/events"
ALLOWED_METHODS = "GET, OPTIONS"
PARAMETERS = {"after", "kinds", "ticket"}
BATCH = 100
DATABASE_THREADS = 4
MAX_STREAMS_PER_KEY = 10
"""In this process."""
_SHORT_POLL, _SHORT_POLL_FOR = 0.2, 3.0
"""Seconds. After a hint its event may still wait for an older transaction: read this often, for this long."""

Authorize = Callable[[str, str], Subscriber]
"""(secret, ticket) -> the subscriber. Runs in a thread and may use the database.

Raises NotFoundError without a valid key, ForbiddenError for a key that may not read.
"""
Reauthorize = Callable[[Subscriber], Subscriber]
"""Check the same key again, under the same conditions."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Problem:
    """An error response (RFC 9457) with the codes of the management API."""

    status: int
    code: str
    title: str
    header: Header | None = None


UNAUTHENTICATED = Problem(401, "unauthenticated", "Invalid or missing API key", (b"www-authenticate", b"Bearer"))
FORBIDDEN = Problem(403, "forbidden", "The key does not allow this")
NOT_FOUND = Problem(404, "not_found", "Not found")
METHOD_NOT_ALLOWED = Problem(405, "method_not_allowed", "Method not allowed", (b"allow", ALLOWED_METHODS.encode()))
INVALID = Problem(422, "invalid", "Invalid request")
RATE_LIMITED = Problem(429, "rate_limited", "Too many requests", (b"retry-after", b"5"))
UNAVAILABLE = Problem(503, "unavailable", "Service unavailable", (b"retry-after", b"5"))


class StreamRejectedError(Exception):
    """The request is invalid or not permitted; `detail` says what to change."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail or f"{problem.title}."


class ApiStreamRequest(StreamRequest):
    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.path = self.path.rstrip("/")
        self.request_id = secrets.token_hex(16)

    @property
    def is_preflight(self) -> bool:
        return self.method == "OPTIONS" and self.path == PATH

    @property
    def secret(self) -> str:
        scheme, _, secret = self.headers.get("authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    @property
    def ticket(self) -> str:
        return str(self.query.get("ticket", [""])[0])

    def check_route(self) -> None:
        """Raise StreamRejectedError for another path or method."""
        if self.path != PATH:
            raise StreamRejectedError(NOT_FOUND)
        if self.method != "GET":
            raise StreamRejectedError(METHOD_NOT_ALLOWED, f"Allowed: {ALLOWED_METHODS}.")

    def after(self) -> Position | None:
        """Return the position to resume from, or None to start now. Raises StreamRejectedError."""
        position = parse_position(self.last_event_id)
        if self.last_event_id and (position is None or max(position) > LARGEST):
            raise StreamRejectedError(
                INVALID, "Last-Event-ID or after must be an event id of this stream, such as 1201-88."
            )
        return position

    def kinds(self) -> list[str]:
        """Return the requested kinds; an empty list means all. Raises StreamRejectedError."""
        if unknown := self.query.keys() - PARAMETERS:
            raise StreamRejectedError(INVALID, f"Unknown parameter {min(unknown)[:60]!r}. Allowed: after, kinds.")
        kinds = self.query.get("kinds", [])
        if wrong := [name for name in kinds if name not in PUBLIC_KINDS]:
            raise StreamRejectedError(INVALID, f"Unknown event type {wrong[0][:60]!r}.")
        return kinds

    def response_headers(self) -> list[Header]:
        headers = [
            (b"x-request-id", self.request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Accept, Authorization, Origin"),
        ]
        origin = self.headers.get("origin", "")
        if origin and (settings.CORS_ALLOW_ALL_ORIGINS or origin in settings.CORS_ALLOWED_ORIGINS):
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
            headers.append((b"access-control-allow-headers", b"authorization, last-event-id"))
        return headers


@dataclass
class StreamState:
    """The position and the permission of one stream."""

    subscriber: Subscriber
    kinds: Sequence[str]
    position: Position
    authorized_at: float
    """The loop's time just before the permission check."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_ended: bool = False
    needs_revalidation: bool = False

    def end(self) -> None:
        self.is_ended = True
        self.wake.set()


class ApiStream:
    """An application of EventsServer.

    Times are seconds: `heartbeat` between comments, `poll` between reads without a hint, `recheck` between checks of
    the key, `send_timeout` for one send, `idle` until an unused feed ends.
    """

    def __init__(
        self,
        *,
        authorize: Authorize,
        reauthorize: Reauthorize,
        heartbeat: float = 15,
        poll: float = 5,
        recheck: float = 30,
        send_timeout: float = 20,
        idle: float = 30,
    ) -> None:
        self._authorize, self._reauthorize = authorize, reauthorize
        self._heartbeat, self._poll, self._recheck, self._send_timeout = heartbeat, poll, recheck, send_timeout
        self._threads = DatabaseThreads(DATABASE_THREADS, "api-stream")
        self._make_feeds = partial(FeedRegistry, settings.REDIS_URL, heartbeat=heartbeat, idle=idle)
        self._feeds: FeedRegistry | None = None
        self._open: list[StreamState] = []
        self._streams_of_key: Counter[object] = Counter()

    def close(self) -> None:
        self.feeds.close()
        for state in self._open:
            state.end()

    @property
    def feeds(self) -> FeedRegistry:
        """Create the registry on first use, because it belongs to the running loop."""
        if self._feeds is None:
            self._feeds = self._make_feeds()
        return self._feeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = ApiStreamRequest(scope)
        if request.is_preflight:
            return await send_preflight(send, request.response_headers())
        try:
            request.check_route()
            state = await self._open_stream(request)
        except StreamRejectedError as error:
            return await _send_problem(send, request, error)
        return await self._stream(request, state, receive, send)

    async def _open_stream(self, request: ApiStreamRequest) -> StreamState:
        authorized_at = asyncio.get_running_loop().time()
        try:
            subscriber = await self._threads.run(self._authorize, request.secret, request.ticket)
            newest = await self._threads.run(horizon)
        except NotFoundError as error:
            raise StreamRejectedError(
                UNAUTHENTICATED, "Missing or invalid API key. Use: Authorization: Bearer dly_…"
            ) from error
        except ForbiddenError as error:
            raise StreamRejectedError(FORBIDDEN, error.message) from error
        except DatabaseError as error:
            raise StreamRejectedError(UNAVAILABLE) from error
        if self._streams_of_key[subscriber.key_id] >= MAX_STREAMS_PER_KEY:
            raise StreamRejectedError(
                RATE_LIMITED, f"A key may have {MAX_STREAMS_PER_KEY} open streams. Close one first."
            )
        after = request.after()
        position = newest if after is None else min(after, newest)
        return StreamState(subscriber, request.kinds(), position, authorized_at)

    async def _stream(self, request: ApiStreamRequest, state: StreamState, receive: Receive, send: Send) -> None:
        disconnect = asyncio.create_task(wait_for_disconnect(receive))
        disconnect.add_done_callback(lambda _: state.end())
        hints = asyncio.create_task(self._wait_for_hints(state))
        self._open.append(state)
        self._streams_of_key[state.subscriber.key_id] += 1
        try:
            headers = [*STREAM_HEADERS, *request.response_headers()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send_events(state, send)
            if not disconnect.done():
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.info("api_stream_client_too_slow", key_id=str(state.subscriber.key_id))
        finally:
            self._streams_of_key[state.subscriber.key_id] -= 1
            self._open.remove(state)
            hints.cancel()
            disconnect.cancel()

    async def _wait_for_hints(self, state: StreamState) -> None:
        """Wake the stream when something happens in the team. Without Valkey the stream polls."""
        while True:
            with contextlib.suppress(RedisError):
                try:
                    feed, subscription = await self._subscribe(state)
                except RegistryClosedError:
                    return state.end()
                try:
                    while await subscription.get():
                        state.needs_revalidation |= subscription.needs_revalidation
                        subscription.needs_revalidation = False
                        state.wake.set()
                finally:
                    feed.unsubscribe(subscription)
            await asyncio.sleep(self._poll)

    async def _subscribe(self, state: StreamState) -> tuple[Feed, Subscription]:
        return await self.feeds.subscribe(state.subscriber.team_id, None, authorized_at=state.authorized_at)

    async def _send_events(self, state: StreamState, send: Send) -> None:
        """Send until the stream ends or the key loses its permission. Raises TimeoutError for a slow client."""
        now = asyncio.get_running_loop().time
        check_at, heartbeat_at, short_poll_until = now() + self._recheck, now() + self._heartbeat, 0.0
        # Random, so that the clients do not all reconnect at the same time after a restart.
        chunk = f"retry: {random.randint(2000, 5000)}\n{_id_line(state.position)}\n\n".encode()  # noqa: S311
        while not state.is_ended:
            if chunk or now() >= heartbeat_at:
                async with asyncio.timeout(self._send_timeout):
                    body = chunk or f":\n{_id_line(state.position)}\n\n".encode()
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                heartbeat_at = now() + self._heartbeat
            if state.needs_revalidation or now() >= check_at:
                state.needs_revalidation, state.authorized_at = False, now()
                if not await self._is_authorized(state):
                    return
                check_at = now() + self._recheck
            chunk = await self._read(state)
            if not chunk:
                pause = _SHORT_POLL if now() < short_poll_until else self._poll
                if await _wait_until_woken(state.wake, pause):
                    short_poll_until = now() + _SHORT_POLL_FOR

    async def _read(self, state: StreamState) -> bytes:
        """Return the next events as frames: none while the database is unavailable; the position then stays."""
        try:
            state.position, frames = await self._threads.run(read_next, state)
        except DatabaseError:
            return b""
        return frames

    async def _is_authorized(self, state: StreamState) -> bool:
        """Check the key again. If the check fails, the stream ends; the client reconnects."""
        try:
            state.subscriber = await self._threads.run(self._reauthorize, state.subscriber)
        except (NotFoundError, ForbiddenError, DatabaseError):
            return False
        return True


def read_next(state: StreamState) -> tuple[Position, bytes]:
    """Return the next position and the visible events up to it. The position also moves past invisible events."""
    complete = horizon()
    rows = list(events_after(state.position).visible_to(state.subscriber, state.kinds)[:BATCH])
    if not rows:
        return max(state.position, complete), b""
    slug = state.subscriber.team_slug
    frames = [f"{_id_line(position_of(row))}\ndata: {json.dumps(body_of(row, slug))}\n\n" for row in rows]
    return position_of(rows[-1]), "".join(frames).encode()


async def _send_problem(send: Send, request: ApiStreamRequest, error: StreamRejectedError) -> None:
    problem = error.problem
    body = {
        "type": f"/api/v1/docs#{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": error.detail,
        "code": problem.code,
    }
    headers = [*request.response_headers(), *([problem.header] if problem.header else [])]
    await send_json(send, headers, problem.status, body, "application/problem+json")


def _id_line(position: Position) -> str:
    return f"id: {position[0]}-{position[1]}"


async def _wait_until_woken(wake: asyncio.Event, seconds: float) -> bool:
    """Wait for a hint; return False when none came."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True
