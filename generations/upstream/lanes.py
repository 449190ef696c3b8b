"""One connection for one poll after the other, on plain asyncio streams.

The deadline of a poll is one `asyncio.timeout` around all of it, so the streams below need no time-outs of their own,
which is a good part of what httpcore's own backend costs.
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from .answers import PollError, PollOutcome, read_poll
from .client import COMMON_HEADERS, Provider, poll_path
from .errors import Problem
from .wire import (
    MAX_ANSWER_BYTES,
    NETWORK_FAILURES,
    Answer,
    failure_text,
    header_map,
    problem_of,
    ssl_context,
    target_of,
)


class Lane:
    """One connection, for one poll after the other."""

    def __init__(self, provider: Provider) -> None:
        base = target_of(provider.base_url)
        if base is None:
            raise ValueError("not an absolute http or https URL")
        self._provider = provider
        self._base = base
        self._headers = [*COMMON_HEADERS, provider.authorization()]
        self._extensions = provider.poll_patience.extensions()
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.aclose()
            self._connection = None

    async def poll(self, job: str) -> PollOutcome:
        is_reused = self._connection is not None
        try:
            async with asyncio.timeout(self._provider.poll_patience.total):
                return read_poll(self._provider.scrub(await self._ask(job)), job)
        except NETWORK_FAILURES as error:
            await self.close()
            failure = PollError(problem_of(error), failure_text(error))
        # A kept connection may have been closed meanwhile, and a poll may be asked twice.
        if is_reused and failure.kind is Problem.CUT_OFF:
            return await self.poll(job)
        return failure

    async def _ask(self, job: str) -> Answer:
        url = httpcore.URL(
            scheme=self._base.scheme,
            host=self._base.host,
            port=self._base.port,
            target=self._base.target.rstrip(b"/") + poll_path(job).encode("ascii"),
        )
        connection = await self._open()
        async with connection.stream("GET", url, headers=self._headers, extensions=self._extensions) as response:
            return Answer(response.status, header_map(response.headers), await _body_of(response))

    async def _open(self) -> httpcore.AsyncHTTPConnection:
        if self._connection is not None and (self._connection.is_closed() or self._connection.has_expired()):
            await self.close()
        if self._connection is None:
            context = ssl_context() if self._base.scheme == b"https" else None
            self._connection = httpcore.AsyncHTTPConnection(
                self._base.origin, ssl_context=context, network_backend=_Backend()
            )
        return self._connection


async def _body_of(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return bytes(body)


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                return _Stream(*await asyncio.open_connection(host, port))
        except OSError as error:
            raise _connect_failure(error) from error


def _connect_failure(error: OSError) -> Exception:
    return (httpcore.ConnectTimeout if isinstance(error, TimeoutError) else httpcore.ConnectError)(str(error))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._writer.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except OSError as error:
            self._writer.close()
            raise _connect_failure(error) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        # The other side may only send after we ask: something to read on an idle connection is its end.
        return self._reader.at_eof() if info == "is_readable" else self._writer.get_extra_info(info)
