"""Bring a finished video home, under a cap and a deadline.

No key goes along, no redirect is followed, nothing is decoded. What is written to `to` before an error is of no use.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

import httpcore

from .boxes import BoxWalker
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
from .wire import NETWORK_FAILURES, Call, Patience, Wire, header_map, open_stream, problem_of, target_of

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
_HEADERS = [(b"accept", b"video/mp4"), (b"accept-encoding", b"identity")]
_TYPES = ("", "video/mp4", "application/mp4", "application/octet-stream", "binary/octet-stream")


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
    """Stream the video into `to`. Raises a DownloadError, or what `to.write` and `on_chunk` raise.

    `deadline_seconds` covers the whole transfer. `on_chunk` is called with the bytes so far after each piece of up to
    64 KiB: keep it cheap. It is the place to renew a lease; what it raises ends the download.
    """
    call = Call("GET", url, _HEADERS)
    patience = Patience(connect=CONNECT_SECONDS, silence=SILENCE_SECONDS, total=deadline_seconds)
    with ExitStack() as stack:
        response = _open(stack, call, patience)
        headers = header_map(response.headers)
        _check_status(response.status)
        _check_headers(headers, max_bytes)
        total, digest = _receive(response, to, max_bytes, on_chunk)
    return Downloaded(total, digest, headers.get("content-type", ""))


def _open(stack: ExitStack, call: Call, patience: Patience) -> httpcore.Response:
    target = target_of(call.url)
    if target is None:
        raise BadUrlError("the video URL is not an absolute http or https URL")
    try:
        return stack.enter_context(open_stream(call, target, patience, Wire(patience.total)))
    except NETWORK_FAILURES as error:
        if problem_of(error) is Problem.TIMED_OUT:
            raise TooSlowError("no answer in time") from None
        raise DownloadFailedError(f"no answer: {type(error).__name__}") from None


def _check_status(status: int) -> None:
    if status in (403, 404, 410):
        raise ExpiredUrlError(f"the storage answered {status}")
    if status != 200:
        raise DownloadFailedError(f"the storage answered {status}", status=status)


def _check_headers(headers: Mapping[str, str], max_bytes: int) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise WrongContentError(f"the video came encoded as {encoding[:20]}")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise WrongContentError(f"not a video but {kind[:60]}")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise TooLargeError(f"{int(length):,} bytes, and {max_bytes:,} are allowed")


def _receive(
    response: httpcore.Response, to: BinaryIO, max_bytes: int, on_chunk: Callable[[int], None] | None
) -> tuple[int, str]:
    total, digest, boxes = 0, hashlib.sha256(), BoxWalker()
    for chunk in _chunks(response):
        total += len(chunk)
        if total > max_bytes:
            raise TooLargeError(f"more than the {max_bytes:,} bytes allowed")
        boxes.feed(chunk)
        if not boxes.is_mp4:
            raise WrongContentError("not an MP4 file")
        digest.update(chunk)
        to.write(chunk)
        if on_chunk is not None:
            on_chunk(total)
    if not total:
        raise WrongContentError("an empty file")
    if not boxes.is_whole:
        raise TruncatedError(f"the file breaks off after {total:,} bytes")
    return total, digest.hexdigest()


def _chunks(response: httpcore.Response) -> Iterator[bytes]:
    """The body in pieces. What `to.write` and `on_chunk` raise between them does not pass through here."""
    try:
        yield from response.iter_stream()
    except NETWORK_FAILURES as error:
        if problem_of(error) is Problem.TIMED_OUT:
            raise TooSlowError("the download took too long") from None
        raise TruncatedError("the connection broke off") from None
