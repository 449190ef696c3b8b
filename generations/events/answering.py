"""What the streams' ASGI applications have in common."""

import json
from typing import Any

from .request import Header
from .server import Receive, Send


async def disconnected(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer_json(
    send: Send, headers: list[Header], status: int, body: Any, media_type: str = "application/json"
) -> None:
    content = json.dumps(body).encode()
    length = (b"content-length", str(len(content)).encode())
    start = [(b"content-type", media_type.encode()), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content})


async def answer_preflight(send: Send, headers: list[Header]) -> None:
    """A browser asks before it sends its key; `headers` say whether the page may."""
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
