"""A relay between the product and PostgreSQL that cuts one connection at its COMMIT."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

SOCKET = ".s.PGSQL.5432"


class Relay:
    """Listens in `folder` and forwards everything until it is armed. Use it as a context manager.

    Once armed, it waits for a connection that sends `after`, which is part of a statement or a text parameter. It cuts
    that connection at its next COMMIT: the server gets the COMMIT, the client never gets the response. With `is_alone`
    it cuts at the statement itself, because that statement is its own transaction.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._target = target
        self._after: bytes | None = None
        self._is_alone = False
        self._has_cut = threading.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def arm(self, after: str, *, is_alone: bool = False) -> None:
        self._after, self._is_alone = after.encode(), is_alone

    def wait_cut(self, within: float = 90) -> None:
        assert self._has_cut.wait(within), "no connection reached its COMMIT"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._serve, self.folder / SOCKET)
        self._is_ready.set()
        await self._end.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_unix_connection(self._target / SOCKET)
        is_cut = asyncio.Event()
        responses = asyncio.create_task(_forward(upstream, writer, is_cut))
        with suppress(ConnectionError):
            await self._forward_requests(reader, downstream, is_cut)
        if is_cut.is_set():
            self._has_cut.set()
        downstream.close()
        responses.cancel()
        writer.close()

    async def _forward_requests(
        self, reader: asyncio.StreamReader, downstream: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        is_chosen = False
        while data := await reader.read(65536):
            is_chosen = is_chosen or bool(self._after and self._after in data)
            if is_chosen and self._after and (self._is_alone or b"COMMIT" in data):
                self._after = None
                is_cut.set()
            downstream.write(data)
            await downstream.drain()
            if is_cut.is_set():
                return


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_cut: asyncio.Event) -> None:
    with suppress(ConnectionError):
        while (data := await reader.read(65536)) and not is_cut.is_set():
            writer.write(data)
            await writer.drain()
        writer.close()
