"""The ASGI application of the events process: what listens, and its beginning and end."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Part(Protocol):
    """Answers below one path. `close` ends its open streams."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def close(self) -> None: ...


class EventsServer:
    """Hands a request to the part whose path it begins with, else to the first."""

    def __init__(self, first: Part, **others: Part) -> None:
        self._first = first
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._part_of(scope["path"])(scope, receive, send)

    def _part_of(self, path: str) -> Part:
        return next((part for prefix, part in self._others.items() if path.startswith(f"/{prefix}/")), self._first)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._end_streams_on_signal()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _end_streams_on_signal(self) -> None:
        """A server waits for open answers before it stops, and these would stay open until it kills them.

        The server's own handler is untouched: asyncio learns of a signal through its wake-up descriptor, whatever
        Python function is set for it.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._close))

    def _close(self) -> None:
        for part in (self._first, *self._others.values()):
            part.close()
