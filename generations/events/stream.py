"""`GET /events/<team slug>`: a team's live events as `text/event-stream`, a small ASGI application of its own.

- A message is `{"kind", "subject_id", "state", "author_id"}`; an event named `sync` opens the stream and says with
  `{"complete": false}` that the page may have missed something and should look at everything.
- A client resumes by the header `Last-Event-ID`, which browsers send by themselves, or by `?after=<id>`.
- Whoever is not a member gets 404, as for a team that is not there; EventSource stops on it. Membership and session
  are checked again while the stream is open, and at once when a right in the team was taken away.
- An open stream costs two tasks and a bounded queue. It holds no thread and no database connection.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from redis.exceptions import RedisError

from generations.common.errors import NotFoundError

from .answering import answer_json, disconnected
from .feed import Subscription
from .hub import Hub, HubClosedError
from .request import Header, Request
from .server import Receive, Scope, Send
from .threads import DatabaseThreads

Admit = Callable[[str, str], int]
"""(session key, team slug) -> team id; raises NotFoundError. Runs in a thread and may use the database."""

PATH = re.compile(r"/events/([-\w]{1,60})")
DATABASE_THREADS = 4

log = structlog.get_logger(__name__)


class EventStreams:
    """A part of the server. Times are seconds: between heartbeats, between checks, for a send, for an unused feed."""

    def __init__(
        self, *, admit: Admit, heartbeat: float = 15, recheck: float = 60, send_timeout: float = 20, idle: float = 30
    ) -> None:
        self._admit = admit
        self._recheck = recheck
        self._send_timeout = send_timeout
        self._make_hub = partial(Hub, settings.REDIS_URL, heartbeat=heartbeat, idle=idle)
        self._hub: Hub | None = None
        self._threads = DatabaseThreads(DATABASE_THREADS, "admit")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope), receive, send)

    def close(self) -> None:
        self.hub.close()

    @property
    def hub(self) -> Hub:
        """Made on first use, because it belongs to the running loop."""
        if self._hub is None:
            self._hub = self._make_hub()
        return self._hub

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        respond = partial(_refuse, send, request.cors_headers())
        if request.path == "/healthz":
            return await respond(200, "ok")
        path = PATH.fullmatch(request.path)
        if path is None or request.is_foreign:
            return await respond(404, "not_found")
        if request.method != "GET":
            return await respond(405, "method_not_allowed")
        admitted_at = asyncio.get_running_loop().time()
        try:
            team_id = await self._ask(request.session_key, path[1])
            feed, subscription = await self.hub.subscribe(team_id, request.last_seen, admitted_at=admitted_at)
        except NotFoundError:
            return await respond(404, "not_found")
        except (DatabaseFailure, RedisError, HubClosedError):
            return await respond(503, "unavailable")
        try:
            still_admitted = partial(self._is_admitted, request.session_key, path[1], team_id)
            await self._stream(request, subscription, still_admitted, receive, send)
        finally:
            feed.leave(subscription)

    async def _stream(
        self,
        request: Request,
        subscription: Subscription,
        still_admitted: Callable[[], Awaitable[bool]],
        receive: Receive,
        send: Send,
    ) -> None:
        gone = asyncio.create_task(disconnected(receive))
        gone.add_done_callback(lambda _: subscription.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": request.stream_headers()})
            await self._pump(subscription, still_admitted, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.info("live_client_too_slow", path=request.path)
        finally:
            gone.cancel()

    async def _pump(
        self, subscription: Subscription, still_admitted: Callable[[], Awaitable[bool]], send: Send
    ) -> None:
        """Send until the subscription closes or is no longer admitted. Raises TimeoutError when nobody takes it."""
        loop = asyncio.get_running_loop()
        check_at = loop.time() + self._recheck
        # Different for each client, so that a restart does not bring all of them back at once.
        chunk = f"retry: {random.randint(2000, 5000)}\n\n".encode()  # noqa: S311
        while chunk:
            if subscription.is_in_doubt or loop.time() >= check_at:
                subscription.is_in_doubt = False
                if not await still_admitted():
                    return
                check_at = loop.time() + self._recheck
            async with asyncio.timeout(self._send_timeout):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await subscription.take()

    async def _ask(self, session_key: str, slug: str) -> int:
        return await self._threads.ask(self._admit, session_key, slug)

    async def _is_admitted(self, session_key: str, slug: str, team_id: int) -> bool:
        """Ask again. In doubt the stream ends: the client comes back and is judged anew."""
        try:
            return await self._ask(session_key, slug) == team_id
        except (NotFoundError, DatabaseFailure):
            return False


async def _refuse(send: Send, headers: list[Header], status: int, word: str) -> None:
    await answer_json(send, headers, status, {"status": word})
