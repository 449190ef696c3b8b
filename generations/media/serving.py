"""Serve the bytes of an asset: validators, byte ranges and headers by RFC 9110, with flat memory; signed URLs."""

import re
import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from generations.common.errors import NotFoundError

from .assets import clean_name, with_extension
from .models import Asset
from .storages import media_storage

_MAX_AGE = 24 * 60 * 60
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
# Up to this size the bytes are read into the response at once, so that no thread waits for a slow client.
MAX_BUFFERED_BYTES = 1024 * 1024
_SIGNING_SALT = "dailies.media.links"

# For a file that is opened directly in a tab: it may be shown but may not run scripts. Without `allow-same-origin` the
# tab would have another origin, and Chromium would not load the video.
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin"


class UnsatisfiableRangeError(Exception):
    """The range begins after the end of the file."""


def serve_asset(
    request: HttpRequest,
    asset: Asset,
    *,
    as_attachment: bool = False,
    filename: str | None = None,
    is_for_player: bool = False,
) -> HttpResponseBase:
    """Return the response to a GET or HEAD. The caller has checked the permission.

    Raises StorageError before the first byte.
    The content of an id never changes, so browsers may cache it for a day without a request; shared caches may not. A
    request for several ranges gets the whole file, as RFC 9110 allows. It also allows to send only the first part of a
    range without an end: with `is_for_player` the response is that part. A player requests more when it needs it, and
    occupies no thread while it is paused.
    """
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    response = _response(request, asset, is_for_player)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(asset)
    is_error = response.status_code >= 400
    response["Cache-Control"] = "no-store" if is_error else f"private, max-age={_MAX_AGE}, immutable"
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    if disposition := content_disposition_header(as_attachment, _filename(asset, filename)):
        response["Content-Disposition"] = disposition
    return response


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a `Range` header, or None to ignore it: malformed, or several ranges."""
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


def signed_url(asset_id: UUID, *, name: str, life: timedelta | None = None) -> str:
    """Return an absolute URL that gives access to an asset until it expires, without a key.

    `name` is the last part of the URL, which programs use as the file name.
    """
    expires = int(time.time() + (life or settings.RESULT_URL_LIFE).total_seconds())
    token = _signer().sign(f"{asset_id.hex}.{expires}")
    return settings.PUBLIC_URL + reverse("file", args=[token, name])


def asset_by_token(token: str) -> Asset:
    """Return the asset of a signed URL. Raises NotFoundError if the signature is wrong or the URL has expired."""
    try:
        asset_id, expires = _signer().unsign(token).split(".")
    except (BadSignature, ValueError) as error:
        raise NotFoundError("This link is incomplete.") from error
    if int(expires) <= time.time():
        raise NotFoundError("This link has expired. Request the generation again for a new one.")
    asset = Asset.objects.filter(pk=UUID(asset_id)).first()
    if asset is None:
        raise NotFoundError
    return asset


def _response(request: HttpRequest, asset: Asset, is_for_player: bool) -> HttpResponseBase:
    # Not modified, or a failed precondition.
    if (conditional := get_conditional_response(request, etag=_etag(asset))) is not None:
        return conditional
    try:
        part = _requested_range(request, asset, MAX_BUFFERED_BYTES if is_for_player else asset.bytes)
    except UnsatisfiableRangeError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{asset.bytes}"})
    start, end = part or (0, asset.bytes - 1)
    response = _body(request, asset, start, end - start + 1)
    response["Content-Length"] = end - start + 1
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end}/{asset.bytes}"
    return response


def _requested_range(request: HttpRequest, asset: Asset, open_ended_bytes: int) -> tuple[int, int] | None:
    """Return the range of a GET, or None. `If-Range` with another ETag ignores it.

    A range without an end has at most `open_ended_bytes` bytes.
    """
    header = request.headers.get("Range")
    if not header or request.method != "GET":
        return None
    if request.headers.get("If-Range", _etag(asset)).strip() != _etag(asset):
        return None
    part = parse_range(header, asset.bytes)
    if part and header.rstrip().endswith("-"):
        return part[0], min(part[1], part[0] + open_ended_bytes - 1)
    return part


def _body(request: HttpRequest, asset: Asset, start: int, length: int) -> HttpResponseBase:
    mime = asset.mime if asset.mime in Asset.EXTENSIONS else "application/octet-stream"
    if request.method == "HEAD":
        return HttpResponse(content_type=mime)
    stream = media_storage().stream(asset.name, start, length)
    if length <= MAX_BUFFERED_BYTES:
        return HttpResponse(b"".join(stream), content_type=mime)
    if not connection.in_atomic_block:
        connection.close()  # a slow client must not occupy a database connection
    return StreamingHttpResponse(stream, content_type=mime)


def _etag(asset: Asset) -> str:
    return f'"{asset.sha256}"'


def _filename(asset: Asset, filename: str | None) -> str:
    name = clean_name(filename) or clean_name(asset.original_name) or asset.kind
    return with_extension(name, Asset.EXTENSIONS.get(asset.mime, "bin"))


def _signer() -> Signer:
    return Signer(salt=_SIGNING_SALT, sep="~")
