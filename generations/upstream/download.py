"""Download a finished video within a size limit and a deadline.

The request has no API key. Redirects are not followed and nothing is decoded. After an error the content of the file
is of no use.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Self, TypeVar

import httpx

from .errors import (
    BadUrlError,
    DownloadFailedError,
    ExpiredUrlError,
    Problem,
    TooLargeError,
    TooSlowError,
    TruncatedError,
    WrongContentError,
)
from .http import NETWORK_ERRORS, Timeouts, build_request, new_transport, parse_url, problem_of

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30.0
_HEADERS = ((b"accept", b"video/mp4"), (b"accept-encoding", b"identity"))
_TYPES = ("", "video/mp4", "application/mp4", "application/octet-stream", "binary/octet-stream")
_REQUIRED_BOXES = {b"moov", b"mdat"}

T = TypeVar("T")


@dataclass(frozen=True)
class Downloaded:
    bytes: int
    sha256: str
    content_type: str


def download(
    url: str,
    to: BinaryIO,
    *,
    max_bytes: int,
    deadline_seconds: float,
    on_chunk: Callable[[int], None] | None = None,
) -> Downloaded:
    """Stream the video into the empty file `to`, which must be open for reading and writing.

    Raises a DownloadError, or what `to` and `on_chunk` raise. `deadline_seconds` covers the whole transfer. `on_chunk`
    is called with the number of bytes so far after each piece of up to 64 KiB, so keep it fast. It can renew a lease;
    an exception in it ends the download.
    """
    with _open(url, deadline_seconds) as (response, chunks):
        _check_status(response.status_code)
        _check_headers(response.headers, max_bytes)
        total, digest = _receive(chunks, to, max_bytes, on_chunk)
    if not is_complete_mp4(to, total):
        raise TruncatedError(f"the file is incomplete after {total:,} bytes")
    return Downloaded(total, digest, response.headers.get("content-type", ""))


@contextmanager
def _open(url: str, deadline_seconds: float) -> Iterator[tuple[httpx.Response, Iterator[bytes]]]:
    """Send the request and yield the response and the pieces of its body."""
    target = parse_url(url)
    if target is None:
        raise BadUrlError("the video URL is not an absolute http or https URL")
    timeouts = Timeouts(connect=CONNECT_SECONDS, idle=IDLE_SECONDS, total=deadline_seconds)
    with _Steps(timeouts.total) as steps:
        response = _send(steps, build_request("GET", target, _HEADERS, timeouts))
        yield response, _chunks(steps, response)


class _Steps:
    """Run asynchronous steps, one at a time, before a common deadline. Raises TimeoutError when it has passed.

    The event loop runs only during a step, because Django's ORM, which `on_chunk` may use, refuses to work inside a
    running event loop.
    """

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        # Not asyncio.Runner: it installs a signal handler for each step, which costs more than the step.
        self._loop = asyncio.new_event_loop()
        self.transport = new_transport()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._loop.run_until_complete(self.transport.aclose())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    def run(self, step: Awaitable[T]) -> T:
        return self._loop.run_until_complete(self._before_deadline(step))

    async def _before_deadline(self, step: Awaitable[T]) -> T:
        async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
            return await step


def _send(steps: _Steps, request: httpx.Request) -> httpx.Response:
    try:
        return steps.run(steps.transport.handle_async_request(request))
    except NETWORK_ERRORS as error:
        if problem_of(error) is Problem.TIMED_OUT:
            raise TooSlowError("no response in time") from None
        raise DownloadFailedError(f"no response: {type(error).__name__}") from None


def _chunks(steps: _Steps, response: httpx.Response) -> Iterator[bytes]:
    """Yield the body in pieces. Errors of `to` and `on_chunk` do not pass through here."""
    # A size would make httpx wait until so many bytes are there.
    pieces = response.aiter_raw()
    try:
        while piece := steps.run(anext(pieces, b"")):
            yield piece
    except NETWORK_ERRORS as error:
        if problem_of(error) is Problem.TIMED_OUT:
            raise TooSlowError("the download took too long") from None
        raise TruncatedError("the connection was closed early") from None


def _check_status(status: int) -> None:
    if status in (403, 404, 410):
        raise ExpiredUrlError(f"the storage returned HTTP {status}")
    if status != 200:
        raise DownloadFailedError(f"the storage returned HTTP {status}", status=status)


def _check_headers(headers: Mapping[str, str], max_bytes: int) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise WrongContentError(f"the video has the content encoding {encoding[:20]}")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise WrongContentError(f"the content type is {kind[:60]}, not a video")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise TooLargeError(f"{int(length):,} bytes, and {max_bytes:,} are allowed")


def _receive(
    chunks: Iterator[bytes], to: BinaryIO, max_bytes: int, on_chunk: Callable[[int], None] | None
) -> tuple[int, str]:
    total, head, digest = 0, b"", hashlib.sha256()
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise TooLargeError(f"more than the {max_bytes:,} bytes allowed")
        head = (head + chunk[:8])[:8]
        if len(head) == 8 and head[4:] != b"ftyp":
            raise WrongContentError("not an MP4 file")
        digest.update(chunk)
        to.write(chunk)
        if on_chunk is not None:
            on_chunk(total)
    if not total:
        raise WrongContentError("an empty file")
    return total, digest.hexdigest()


def is_complete_mp4(file: BinaryIO, total: int) -> bool:
    """Return whether the file's top-level boxes end exactly at `total` bytes and include the index and the media.

    A response without a length that is cut off gives no error, so this is how the loss of the end is found.
    """
    position, names = 0, set()
    while position < total:
        file.seek(position)
        head = file.read(16)
        header, size = 8, int.from_bytes(head[:4], "big")
        if size == 1:
            header, size = 16, int.from_bytes(head[8:], "big")
        elif size == 0:
            # The last box may extend to the end of the file.
            size = total - position
        if len(head) < header or size < header:
            return False
        names.add(head[4:8])
        position += size
    return position == total and names >= _REQUIRED_BOXES
