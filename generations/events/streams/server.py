"""The ASGI application of the events process: routing, shutdown, and what both streams share."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

STREAM_HEADERS: list[Header] = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]


class StreamApp(Protocol):
    """An ASGI application below one path prefix. `close` ends its open streams."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def close(self) -> None: ...


class EventsServer:
    """Route a request by its path prefix, or to the default application."""

    def __init__(self, default: StreamApp, **by_prefix: StreamApp) -> None:
        self._default = default
        self._by_prefix = by_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._find_app(scope["path"])(scope, receive, send)

    def _find_app(self, path: str) -> StreamApp:
        return next((app for prefix, app in self._by_prefix.items() if path.startswith(f"/{prefix}/")), self._default)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._end_streams_on_signal()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _end_streams_on_signal(self) -> None:
        """End the streams at a signal, because the server waits for open responses until it kills them.

        This does not disable the server's own handler: asyncio receives signals through its wake-up descriptor,
        whichever Python handler is set.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._close))

    def _close(self) -> None:
        for app in (self._default, *self._by_prefix.values()):
            app.close()


class StreamRequest:
    """The headers and the query of a request for a stream."""

    def __init__(self, scope: Scope) -> None:
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.method: str = scope["method"]
        self.path: str = scope["path"]

    @property
    def last_event_id(self) -> str:
        """Return the id after which the client resumes, or an empty string."""
        return self.headers.get("last-event-id") or str(self.query.get("after", [""])[0])


async def wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_json(
    send: Send, headers: list[Header], status: int, body: Any, media_type: str = "application/json"
) -> None:
    content = json.dumps(body).encode()
    length = (b"content-length", str(len(content)).encode())
    start = [(b"content-type", media_type.encode()), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content})


async def send_preflight(send: Send, headers: list[Header]) -> None:
    """Respond to a CORS preflight request; `headers` contain what the page may do."""
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
