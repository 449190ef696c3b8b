"""`GET /events/<team slug>`: the live hints of a team for pages, as `text/event-stream`.

- A message is `{"kind", "subject_id", "state", "author_id"}`. An event named `sync` comes first; `{"complete": false}`
  in it means that the page may have missed messages and must reload what it shows.
- A client resumes with the header `Last-Event-ID`, which browsers send by themselves, or with `?after=<id>`.
- A user who is not a member gets 404, as for a team that does not exist; EventSource stops on 404. Membership and
  session are checked again while the stream is open, and immediately after a right in the team was removed.
- An open stream costs two tasks and a bounded queue. It holds no thread and no database connection.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import parse_cookie
from redis.exceptions import RedisError

from generations.common.errors import NotFoundError

from .database import DatabaseThreads
from .feed import FeedRegistry, Position, RegistryClosedError, Subscription, parse_position
from .origins import is_allowed_origin
from .server import STREAM_HEADERS, Header, Receive, Scope, Send, StreamRequest, send_json, wait_for_disconnect

Authorize = Callable[[str, str], int]
"""(session key, team slug) -> team id; raises NotFoundError. Runs in a thread and may use the database."""

PATH = re.compile(r"/events/([-\w]{1,60})")
DATABASE_THREADS = 4

log = structlog.get_logger(__name__)


class PageStreamRequest(StreamRequest):
    @property
    def session_key(self) -> str:
        return parse_cookie(self.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")

    @property
    def last_seen(self) -> Position | None:
        return parse_position(self.last_event_id)

    @property
    def is_cross_site(self) -> bool:
        origin = self.headers.get("origin")
        return origin is not None and not is_allowed_origin(origin, self.headers.get("host", ""))

    def response_headers(self) -> list[Header]:
        headers = [
            (b"vary", b"Origin, Cookie"),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if "origin" in self.headers and not self.is_cross_site:
            headers.append((b"access-control-allow-origin", self.headers["origin"].encode("latin-1")))
            headers.append((b"access-control-allow-credentials", b"true"))
        return headers


class PageStream:
    """An application of EventsServer.

    Times are seconds: `heartbeat` between comments, `recheck` between permission checks, `send_timeout` for one send,
    `idle` until an unused feed ends.
    """

    def __init__(
        self,
        *,
        authorize: Authorize,
        heartbeat: float = 15,
        recheck: float = 60,
        send_timeout: float = 20,
        idle: float = 30,
    ) -> None:
        self._authorize = authorize
        self._recheck = recheck
        self._send_timeout = send_timeout
        self._make_feeds = partial(FeedRegistry, settings.REDIS_URL, heartbeat=heartbeat, idle=idle)
        self._feeds: FeedRegistry | None = None
        self._threads = DatabaseThreads(DATABASE_THREADS, "page-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._respond(PageStreamRequest(scope), receive, send)

    def close(self) -> None:
        self.feeds.close()

    @property
    def feeds(self) -> FeedRegistry:
        """Create the registry on first use, because it belongs to the running loop."""
        if self._feeds is None:
            self._feeds = self._make_feeds()
        return self._feeds

    async def _respond(self, request: PageStreamRequest, receive: Receive, send: Send) -> None:
        respond = partial(_send_status, send, request.response_headers())
        if request.path == "/healthz":
            return await respond(200, "ok")
        path = PATH.fullmatch(request.path)
        if path is None or request.is_cross_site:
            return await respond(404, "not_found")
        if request.method != "GET":
            return await respond(405, "method_not_allowed")
        authorized_at = asyncio.get_running_loop().time()
        try:
            team_id = await self._threads.run(self._authorize, request.session_key, path[1])
            feed, subscription = await self.feeds.subscribe(team_id, request.last_seen, authorized_at=authorized_at)
        except NotFoundError:
            return await respond(404, "not_found")
        except (DatabaseError, RedisError, RegistryClosedError):
            return await respond(503, "unavailable")
        try:
            is_authorized = partial(self._is_authorized, request.session_key, path[1], team_id)
            await self._stream(request, subscription, is_authorized, receive, send)
        finally:
            feed.unsubscribe(subscription)

    async def _stream(
        self,
        request: PageStreamRequest,
        subscription: Subscription,
        is_authorized: Callable[[], Awaitable[bool]],
        receive: Receive,
        send: Send,
    ) -> None:
        disconnect = asyncio.create_task(wait_for_disconnect(receive))
        disconnect.add_done_callback(lambda _: subscription.close())
        headers = [*STREAM_HEADERS, *request.response_headers()]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send_frames(subscription, is_authorized, send)
            if not disconnect.done():
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.info("page_stream_client_too_slow", path=request.path)
        finally:
            disconnect.cancel()

    async def _send_frames(
        self, subscription: Subscription, is_authorized: Callable[[], Awaitable[bool]], send: Send
    ) -> None:
        """Send until the subscription closes or loses its permission. Raises TimeoutError for a slow client."""
        loop = asyncio.get_running_loop()
        check_at = loop.time() + self._recheck
        # Random, so that the clients do not all reconnect at the same time after a restart.
        chunk = f"retry: {random.randint(2000, 5000)}\n\n".encode()  # noqa: S311
        while chunk:
            if subscription.needs_revalidation or loop.time() >= check_at:
                subscription.needs_revalidation = False
                if not await is_authorized():
                    return
                check_at = loop.time() + self._recheck
            async with asyncio.timeout(self._send_timeout):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await subscription.get()

    async def _is_authorized(self, session_key: str, slug: str, team_id: int) -> bool:
        """Check the permission again. If the check fails, the stream ends; the client reconnects."""
        try:
            return await self._threads.run(self._authorize, session_key, slug) == team_id
        except (NotFoundError, DatabaseError):
            return False


async def _send_status(send: Send, headers: list[Header], status: int, word: str) -> None:
    await send_json(send, headers, status, {"status": word})
