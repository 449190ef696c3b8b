"""Hand out a finished video: whole, in ranges, or only its headers. No key is asked for; the URL is the permission."""

import os
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from generations.contract.errors import INVALID_REQUEST, NOT_FOUND

from .answers import error_answer
from .errors import RefusedError

_RANGE = re.compile(r"bytes=(?:(?P<start>\d{1,18})-(?P<end>\d{0,18})|-(?P<suffix>\d{1,18}))")


def video_answer(request: Request, path: Path) -> Response:
    """Serve a video. A range that makes no sense is ignored, one beyond the end is 416, as RFC 9110 says."""
    try:
        facts = os.stat(path)
    except FileNotFoundError as error:
        raise RefusedError(NOT_FOUND, "this video does not exist or has expired") from error
    wanted = request.headers.get("range", "")
    match = _RANGE.fullmatch(wanted.replace(" ", ""))
    if match and _is_beyond(match, facts.st_size):
        return error_answer(
            INVALID_REQUEST,
            f"the range lies beyond the end of the video, which has {facts.st_size} bytes",
            status=416,
            headers={"content-range": f"bytes */{facts.st_size}"},
        )
    if wanted and (match is None or _is_backward(match)):
        request.scope["headers"] = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
    return FileResponse(path, media_type="video/mp4", stat_result=facts)


def _is_beyond(match: re.Match[str], size: int) -> bool:
    if match["suffix"] is not None:
        return int(match["suffix"]) == 0
    return int(match["start"]) >= size


def _is_backward(match: re.Match[str]) -> bool:
    return bool(match["end"]) and int(match["end"]) < int(match["start"])
