"""Answering for the bytes of an asset: validators, byte ranges and headers as RFC 9110 asks, at flat memory."""

import re

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from .models import Asset
from .names import clean_name, with_extension
from .storages import media_storage

_MAX_AGE = 24 * 60 * 60
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
# What is answered at once, so that no thread waits for its reader.
PIECE = 1024 * 1024

# For a file opened by itself in a tab: it may show what it is and run nothing. Without `allow-same-origin` the tab
# would count as a stranger, and Chromium would refuse to fetch the video for it.
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin"


class UnsatisfiableRangeError(Exception):
    """The range begins behind the end."""


def serve_asset(
    request: HttpRequest,
    asset: Asset,
    *,
    as_attachment: bool = False,
    filename: str | None = None,
    is_for_player: bool = False,
) -> HttpResponseBase:
    """Answer a GET or HEAD for an asset that the caller has checked. Raises StorageError before the first byte.

    Content never changes under its id, so browsers may keep it for a day without asking; shared caches may not.
    A request for several ranges is answered with the whole, as RFC 9110 allows. So is a range without an end that is
    answered with its first part: a player asks on when it needs more, and holds up nobody while it is paused.
    """
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    response = _answer(request, asset, is_for_player)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(asset)
    is_refusal = response.status_code >= 400
    response["Cache-Control"] = "no-store" if is_refusal else f"private, max-age={_MAX_AGE}, immutable"
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    if disposition := content_disposition_header(as_attachment, _filename(asset, filename)):
        response["Content-Disposition"] = disposition
    return response


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a `Range` header, or None if it is to be ignored: malformed, or several ranges."""
    match = _RANGE.fullmatch(header.strip())
    if not match or match[0].endswith("=-"):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start:
            return None
    if start >= size:
        raise UnsatisfiableRangeError
    return start, end


def _answer(request: HttpRequest, asset: Asset, is_for_player: bool) -> HttpResponseBase:
    # Not modified, or a precondition that failed.
    if (conditional := get_conditional_response(request, etag=_etag(asset))) is not None:
        return conditional
    try:
        part = _wanted(request, asset, PIECE if is_for_player else asset.bytes)
    except UnsatisfiableRangeError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{asset.bytes}"})
    start, end = part or (0, asset.bytes - 1)
    response = _body(request, asset, start, end - start + 1)
    response["Content-Length"] = end - start + 1
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end}/{asset.bytes}"
    return response


def _wanted(request: HttpRequest, asset: Asset, most: int) -> tuple[int, int] | None:
    """Read the range of a GET, unless `If-Range` names another content; without an end, it has `most` bytes."""
    header = request.headers.get("Range")
    if not header or request.method != "GET":
        return None
    if request.headers.get("If-Range", _etag(asset)).strip() != _etag(asset):
        return None
    part = parse_range(header, asset.bytes)
    if part and header.rstrip().endswith("-"):
        return part[0], min(part[1], part[0] + most - 1)
    return part


def _body(request: HttpRequest, asset: Asset, start: int, length: int) -> HttpResponseBase:
    mime = asset.mime if asset.mime in Asset.EXTENSIONS else "application/octet-stream"
    if request.method == "HEAD":
        return HttpResponse(content_type=mime)
    stream = media_storage().stream(asset.name, start, length)
    if length <= PIECE:
        return HttpResponse(b"".join(stream), content_type=mime)
    if not connection.in_atomic_block:
        connection.close()  # a slow reader must not keep a database connection
    return StreamingHttpResponse(stream, content_type=mime)


def _etag(asset: Asset) -> str:
    return f'"{asset.sha256}"'


def _filename(asset: Asset, filename: str | None) -> str:
    name = clean_name(filename) or clean_name(asset.original_name) or asset.kind
    return with_extension(name, Asset.EXTENSIONS.get(asset.mime, "bin"))
