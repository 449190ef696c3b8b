"""A fake provider that follows the contract, except where a test scripts something else.

    with ScriptedProvider(video=make_video()) as provider:
        provider.script("submit", drop(is_carried_out=True))     # the next submit: job created, response lost
        provider.always("poll", refuse(503))                     # every poll, until `regular("poll")`
        ...
        assert provider.count("submit") == 1 and len(provider.jobs()) == 1

Routes: "submit", "poll", "upload" (create the upload URL), "put" (the bytes) and "download". A script may be for one
job only (`job=`); it has priority over the script of the route. The queue of a script is used first, then `always`,
then the regular response.

As a separate process (`python -m tests.fakes.provider --port 0`) it prints one line with its address. Other processes
control it through `RemoteProvider(address)`, which uses the `/_control/` routes.
"""

import argparse
import asyncio
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from .behaviors import REGULAR, Behavior
from .provider_state import ROUTES, FakeProviderState, Job, Recorded
from .routes import respond
from .video import make_video
from .wire import Reply, Request, hang_up, read_request, send

__all__ = ["ROUTES", "Job", "Recorded", "RemoteProvider", "ScriptedProvider"]


# Each paused request and each waiting test blocks a thread.
_WAITERS = ThreadPoolExecutor(max_workers=512, thread_name_prefix="provider-waiter")


class _Server:
    """The socket server: read a request, look up its behavior, execute it."""

    def __init__(self, state: FakeProviderState) -> None:
        self.state = state
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted = 0

    async def start(self, port: int) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024)
        self.state.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def stop(self, server: asyncio.Server) -> None:
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        number = self._accepted
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                while (request := await read_request(reader, number)) and await self._handle(request, reader, writer):
                    pass
            await hang_up(writer)
        finally:
            self._tasks.discard(task)

    async def _handle(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if request.path.startswith("/_control/"):
            return await send(writer, await control(self.state, request), REGULAR, is_head=False)
        how = self.state.record(request)
        if self.state.latency:
            await asyncio.sleep(self.state.latency)
        reply = respond(self.state, request, how)
        if how.pause_at is not None:
            await asyncio.get_running_loop().run_in_executor(_WAITERS, self.state.wait_at, how.pause_at)
        if how.ending == "hang":
            await reader.read()
        if how.ending != "respond":
            await hang_up(writer, is_reset=how.ending == "reset")
            return False
        return await send(writer, reply, how, is_head=request.method == "HEAD")


async def control(state: FakeProviderState, request: Request) -> Reply:
    """Call the method of the state that the path names, with the JSON body as its arguments."""
    name = request.path.removeprefix("/_control/")
    arguments = request.json() if request.body else {}
    if name not in FakeProviderState.CONTROLS:
        return Reply.of_json(404, {"error": f"no control is called {name}"})
    try:
        result = await asyncio.get_running_loop().run_in_executor(_WAITERS, state.call, name, arguments)
    except AssertionError as error:
        return Reply.of_json(417, {"error": str(error)})
    except Exception as error:
        return Reply.of_json(400, {"error": f"{type(error).__name__}: {error}"})
    return Reply.of_json(200, {"result": result})


class ScriptedProvider(FakeProviderState):
    """The provider in a thread of this process, on a free port. Tests call the methods of `FakeProviderState`."""

    def __init__(self, *, port: int = 0, video: bytes | None = None, **settings: Any) -> None:
        super().__init__(video=make_video() if video is None else video, **settings)
        self._port = port
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="provider", daemon=True)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = _Server(self)
        listening = await server.start(self._port)
        self._is_ready.set()
        await self._end.wait()
        self.release_all()
        await server.stop(listening)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._is_ready.wait(10):
            raise RuntimeError("The scripted provider did not start.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)


class RemoteProvider:
    """The same calls for a provider in another process, over its control routes."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._client = httpx.Client(base_url=base_url, timeout=60, trust_env=False)

    def __getattr__(self, name: str) -> Any:
        if name not in FakeProviderState.CONTROLS:
            raise AttributeError(name)
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    def _call(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        body = {"args": [_plain(value) for value in args], "kwargs": {key: _plain(kwargs[key]) for key in kwargs}}
        response = self._client.post(f"/_control/{name}", json=body)
        if response.is_error:
            kind = AssertionError if response.status_code == 417 else ValueError
            raise kind(response.json()["error"])
        return FakeProviderState.CONTROLS[name](response.json()["result"])

    def close(self) -> None:
        self._client.close()


def _plain(value: object) -> object:
    return {"behavior": value.to_json()} if isinstance(value, Behavior) else value


async def _serve_forever(state: FakeProviderState, port: int) -> None:
    server = _Server(state)
    listening = await server.start(port)
    end = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, end.set)
    print(state.base_url, flush=True)  # noqa: T201 - the test reads the port from it
    await end.wait()
    state.release_all()
    await server.stop(listening)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted provider of the image-to-video contract.")
    parser.add_argument("--port", type=int, default=0, help="0 selects a free port; the address is printed")
    parser.add_argument("--latency", type=float, default=0, help="seconds before each response")
    parser.add_argument("--polls-until-done", type=int, default=2)
    parser.add_argument("--api-key", help="the only accepted key; the default accepts any key")
    parser.add_argument("--honors-keys", action="store_true", help="return the same job for a known Idempotency-Key")
    parser.add_argument("--video", type=Path, help="the MP4 that every job returns")
    args = parser.parse_args()
    state = FakeProviderState(
        video=args.video.read_bytes() if args.video else make_video(),
        polls_until_done=args.polls_until_done,
        api_key=args.api_key,
        honors_keys=args.honors_keys,
        latency=args.latency,
    )
    asyncio.run(_serve_forever(state, args.port))


if __name__ == "__main__":
    main()
