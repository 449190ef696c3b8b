"""The open streams of programs: who is let in, how many, and what keeps each going."""

import asyncio
import contextlib
import random
from collections import Counter
from functools import partial
from typing import Protocol

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from redis.exceptions import RedisError

from generations.common.errors import ForbiddenError, NotFoundError

from ..answering import answer_preflight, disconnected
from ..audience import Listener
from ..feed import Feed, Subscription
from ..hub import Hub, HubClosedError
from ..order import horizon
from ..server import Receive, Scope, Send
from ..threads import DatabaseThreads
from . import refusals
from .reading import Progress, id_line, read_on
from .refusals import RefusedError
from .request import ProgramRequest

DATABASE_THREADS = 4
MOST_PER_KEY = 10
"""Streams of one key, in this process."""
_SOON, _EAGER = 0.2, 3.0
"""After a hint its event may still wait for an older transaction: look this often, for this long. Seconds."""

log = structlog.get_logger(__name__)


class Access(Protocol):
    """What the rooms above know about keys. Both run in a thread and may use the database."""

    def admit(self, secret: str, ticket: str) -> Listener:
        """Raises NotFoundError for no key that is in force, ForbiddenError for one that may not listen."""

    def renew(self, listener: Listener) -> Listener:
        """Judge the listener anew. Raises the same."""


class ProgramStreams:
    """Times are seconds: between comments, looks without a hint and checks of the key; for a send, an unused feed."""

    def __init__(
        self,
        *,
        access: Access,
        heartbeat: float = 15,
        look: float = 5,
        recheck: float = 30,
        send_timeout: float = 20,
        idle: float = 30,
    ) -> None:
        self._access = access
        self._heartbeat, self._look, self._recheck, self._send_timeout = heartbeat, look, recheck, send_timeout
        self._threads = DatabaseThreads(DATABASE_THREADS, "programs")
        self._make_hub = partial(Hub, settings.REDIS_URL, heartbeat=heartbeat, idle=idle)
        self._hub: Hub | None = None
        self._open: list[Progress] = []
        self._of_key: Counter[object] = Counter()

    def close(self) -> None:
        self.hub.close()
        for progress in self._open:
            progress.end()

    @property
    def hub(self) -> Hub:
        """Made on first use, because it belongs to the running loop."""
        if self._hub is None:
            self._hub = self._make_hub()
        return self._hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = ProgramRequest(scope)
        if request.is_preflight:
            return await answer_preflight(send, request.headers())
        try:
            refusals.check_address(request)
            progress = await self._admit(request)
        except RefusedError as error:
            return await refusals.refuse(send, request, error)
        return await self._serve(request, progress, receive, send)

    async def _admit(self, request: ProgramRequest) -> Progress:
        admitted_at = asyncio.get_running_loop().time()
        try:
            listener = await self._threads.ask(self._access.admit, request.secret, request.ticket)
            newest = await self._threads.ask(horizon)
        except NotFoundError as error:
            raise RefusedError(refusals.UNAUTHENTICATED, "Send a key: Authorization: Bearer dly_….") from error
        except ForbiddenError as error:
            raise RefusedError(refusals.FORBIDDEN, error.message) from error
        except DatabaseFailure as error:
            raise RefusedError(refusals.UNAVAILABLE) from error
        if self._of_key[listener.key_id] >= MOST_PER_KEY:
            raise RefusedError(refusals.RATE_LIMITED, f"A key may have {MOST_PER_KEY} streams open. Close one.")
        after = request.after()
        return Progress(listener, request.kinds(), newest if after is None else min(after, newest), admitted_at)

    async def _serve(self, request: ProgramRequest, progress: Progress, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(disconnected(receive))
        gone.add_done_callback(lambda _: progress.end())
        hints = asyncio.create_task(self._wait_for_hints(progress))
        self._open.append(progress)
        self._of_key[progress.listener.key_id] += 1
        try:
            headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"), *request.headers()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._pump(progress, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.info("program_too_slow", key_id=str(progress.listener.key_id))
        finally:
            self._of_key[progress.listener.key_id] -= 1
            self._open.remove(progress)
            hints.cancel()
            gone.cancel()

    async def _wait_for_hints(self, progress: Progress) -> None:
        """Wake the stream when something happens in the team. Hints only: without Valkey it looks by itself."""
        while True:
            with contextlib.suppress(RedisError):
                try:
                    feed, subscription = await self._subscribe(progress)
                except HubClosedError:
                    return progress.end()
                try:
                    while await subscription.take():
                        progress.is_in_doubt |= subscription.is_in_doubt
                        subscription.is_in_doubt = False
                        progress.wake.set()
                finally:
                    feed.leave(subscription)
            await asyncio.sleep(self._look)

    async def _subscribe(self, progress: Progress) -> tuple[Feed, Subscription]:
        return await self.hub.subscribe(progress.listener.team_id, None, admitted_at=progress.admitted_at)

    async def _pump(self, progress: Progress, send: Send) -> None:
        """Send until the stream is over or no longer admitted. Raises TimeoutError when nobody takes it."""
        now = asyncio.get_running_loop().time
        check_at, speak_at, eager_until = now() + self._recheck, now() + self._heartbeat, 0.0
        # Different for each client, so that a restart does not bring all of them back at once.
        chunk = f"retry: {random.randint(2000, 5000)}\n{id_line(progress.position)}\n\n".encode()  # noqa: S311
        while not progress.is_over:
            if chunk or now() >= speak_at:
                async with asyncio.timeout(self._send_timeout):
                    body = chunk or f":\n{id_line(progress.position)}\n\n".encode()
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                speak_at = now() + self._heartbeat
            if progress.is_in_doubt or now() >= check_at:
                progress.is_in_doubt, progress.admitted_at = False, now()
                if not await self._is_admitted(progress):
                    return
                check_at = now() + self._recheck
            chunk = await self._read(progress)
            if not chunk:
                pause = _SOON if now() < eager_until else self._look
                eager_until = now() + _EAGER if await _woken(progress.wake, pause) else eager_until

    async def _read(self, progress: Progress) -> bytes:
        """The next events as frames. While the database is away there are none, and the stream stays where it is."""
        try:
            progress.position, frames = await self._threads.ask(read_on, progress)
        except DatabaseFailure:
            return b""
        return frames

    async def _is_admitted(self, progress: Progress) -> bool:
        """Ask again. In doubt the stream ends: the client comes back and is judged anew."""
        try:
            progress.listener = await self._threads.ask(self._access.renew, progress.listener)
        except (NotFoundError, ForbiddenError, DatabaseFailure):
            return False
        return True


async def _woken(wake: asyncio.Event, patience: float) -> bool:
    """Wait for a hint; False when none came."""
    try:
        async with asyncio.timeout(patience):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True
