"""HTTP shared by all routes: errors in the contract's envelope, request bodies, request ids, video downloads."""

import json
import logging
import os
import re
import secrets
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import cast

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generations.contract.errors import (
    API,
    ERROR_TABLE,
    INVALID_REQUEST,
    NOT_FOUND,
    REQUEST_TOO_LARGE,
    ErrorKind,
    envelope,
)
from generations.contract.support import SUPPORT

log = logging.getLogger(__name__)

# Two data URIs, and room for the prompt and for JSON's escapes.
MAX_JSON_BYTES = 2 * SUPPORT.image.data_uri_max_encoded_bytes + 1024 * 1024
# A client that is still sending does not read the response, so a body that is too large is read and discarded up to
# this size.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024

_KINDS = {kind.status: kind for kind in reversed(ERROR_TABLE)}
_RANGE = re.compile(r"bytes=(?:(?P<start>\d{1,18})-(?P<end>\d{0,18})|-(?P<suffix>\d{1,18}))")


class ContractError(Exception):
    """An error response: a row of the contract's error table, a message and optional headers."""

    def __init__(self, kind: ErrorKind, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.headers = kind, message, headers or {}


def error_response(
    kind: ErrorKind, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Build an error response. `status` is for codes that are not in the table, such as 405 and 416."""
    return JSONResponse(envelope(kind, message).model_dump(), status or kind.status, headers=headers)


async def _on_contract_error(request: Request, error: Exception) -> Response:
    raised = cast(ContractError, error)
    return error_response(raised.kind, raised.message, headers=raised.headers)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Translate the errors of the router, such as 404 and 405."""
    raised = cast(HTTPException, error)
    kind = _KINDS.get(raised.status_code, INVALID_REQUEST)
    message = f"{request.method} {request.url.path}: {HTTPStatus(raised.status_code).phrase.lower()}"
    return error_response(kind, message, status=raised.status_code, headers=dict(raised.headers or {}))


async def _on_unexpected_error(request: Request, error: Exception) -> Response:
    return error_response(API, "the engine failed; its log shows the cause under this request id")


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return error_response(INVALID_REQUEST, "the client disconnected before the body was complete")


EXCEPTION_HANDLERS = {
    ContractError: _on_contract_error,
    HTTPException: _on_http_error,
    ClientDisconnect: _on_disconnect,
    Exception: _on_unexpected_error,
}


class RequestIdMiddleware:
    """Add `x-request-id` to every response, ignore doubled and trailing slashes, and log unexpected errors.

    Slashes are ignored because clients write base URLs with and without one at the end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(16)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        path = "/" + "/".join(part for part in scope["path"].split("/") if part)
        try:
            await self._app({**scope, "path": path}, receive, send_with_id)
        except Exception:
            # The response was sent already; Starlette raises the error again so that it can be logged.
            log.exception("request %s (%s %s) failed", request_id, scope["method"], path)


async def read_json(request: Request) -> object:
    """Return the decoded body. Raises ContractError if it is too large or not JSON."""
    body = b"".join([chunk async for chunk in limited_stream(request, MAX_JSON_BYTES)])
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ContractError(INVALID_REQUEST, "the body is not valid JSON") from error


async def limited_stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the chunks of a body of at most `limit` bytes. Raises ContractError (413) for a larger one."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen <= limit:
            yield chunk
        elif seen > MAX_DISCARDED_BYTES:
            break
    if seen > limit:
        raise ContractError(REQUEST_TOO_LARGE, f"the body may have at most {limit:,} bytes")


def video_response(request: Request, path: Path) -> Response:
    """Serve a video: the whole file, one range, or only the headers. No key is required; the URL is the permission.

    As RFC 9110 requires, a malformed range is ignored, and a range beyond the end gets 416.
    """
    try:
        stat = os.stat(path)
    except FileNotFoundError as error:
        raise ContractError(NOT_FOUND, "this video does not exist or has expired") from error
    header = request.headers.get("range", "")
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match and _is_beyond(match, stat.st_size):
        return error_response(
            INVALID_REQUEST,
            f"the range begins after the end of the video, which has {stat.st_size} bytes",
            status=416,
            headers={"content-range": f"bytes */{stat.st_size}"},
        )
    if header and (match is None or _is_backward(match)):
        request.scope["headers"] = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
    return FileResponse(path, media_type="video/mp4", stat_result=stat)


def _is_beyond(match: re.Match[str], size: int) -> bool:
    if match["suffix"] is not None:
        return int(match["suffix"]) == 0
    return int(match["start"]) >= size


def _is_backward(match: re.Match[str]) -> bool:
    return bool(match["end"]) and int(match["end"]) < int(match["start"])
