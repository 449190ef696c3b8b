"""Every error in the contract's envelope, whichever layer it comes from."""

from http import HTTPStatus
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from generations.contract.errors import API, ERROR_TABLE, INVALID_REQUEST, ErrorKind, envelope

from .errors import RefusedError

_KINDS = {kind.status: kind for kind in reversed(ERROR_TABLE)}


def error_answer(
    kind: ErrorKind, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Build an error answer. `status` is for codes beside the table, as 405 and 416."""
    return JSONResponse(envelope(kind, message).model_dump(), status or kind.status, headers=headers)


async def on_refusal(request: Request, error: Exception) -> Response:
    refusal = cast(RefusedError, error)
    return error_answer(refusal.kind, refusal.message, headers=refusal.headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Translate what the router raises: 404, 405 and their kin."""
    raised = cast(HTTPException, error)
    kind = _KINDS.get(raised.status_code, INVALID_REQUEST)
    message = f"{request.method} {request.url.path}: {HTTPStatus(raised.status_code).phrase.lower()}"
    return error_answer(kind, message, status=raised.status_code, headers=dict(raised.headers or {}))


async def on_fault(request: Request, error: Exception) -> Response:
    return error_answer(API, "the engine failed; its log has the cause under this request id")


async def on_disconnect(request: Request, error: Exception) -> Response:
    return error_answer(INVALID_REQUEST, "the client went away before the body was complete")
