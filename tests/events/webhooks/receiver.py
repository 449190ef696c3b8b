"""A webhook receiver that stores requests and responds as the test says.

with Receiver() as receiver:
    receiver.script(respond(500, b"later"))     # the next request only
    receiver.always(hang())                     # every request from now on
"""

import asyncio
import threading
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

from tests.fakes.behaviors import REGULAR, Behavior
from tests.fakes.wire import Reply, Request, hang_up, read_request, send


class Receiver:
    def __init__(self) -> None:
        self.received: list[Request] = []
        self._script: deque[Behavior] = deque()
        self._always = REGULAR
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = server.result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def script(self, *behaviors: Behavior) -> None:
        self._script.extend(behaviors)

    def always(self, behavior: Behavior) -> None:
        self._always = behavior

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [request.json() for request in self.received]

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                if request := await read_request(reader, 0):
                    self.received.append(request)
                    await self._respond(writer, self._script.popleft() if self._script else self._always, reader)
            await hang_up(writer)
        finally:
            self._tasks.discard(task)

    async def _respond(self, writer: asyncio.StreamWriter, how: Behavior, reader: asyncio.StreamReader) -> None:
        if how.ending == "hang":
            await reader.read()
        elif how.ending == "respond":
            reply = Reply(how.status or 200, b"thanks" if how.body is None else how.body, how.headers)
            await send(writer, reply, how, is_head=False)


def verified(request: Request, secret: str) -> Any:
    """Verify the request with the library of the standard. Raises WebhookVerificationError."""
    return Webhook(secret).verify(request.body, dict(request.headers))
