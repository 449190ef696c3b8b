"""The outermost layer: an `x-request-id` on every response, tidy paths, and the log of what failed."""

import logging
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class Edge:
    """Wraps the routes. Doubled and trailing slashes do not count, because base URLs are written both ways."""

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
            # The client has its answer already; Starlette raises again so that the cause can be logged.
            log.exception("request %s (%s %s) failed", request_id, scope["method"], path)
