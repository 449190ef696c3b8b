"""A small HTTP/1.1 server on asyncio streams. It can respond correctly, or stop at any byte."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .behaviors import Behavior

_FILLER = b"\0" * 65536


@dataclass(frozen=True)
class Request:
    """A received request. Header names are lower case; `connection` counts the accepted connections from 1."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, body: object, **headers: str) -> "Reply":
        return cls(status, json.dumps(body).encode(), {"content-type": "application/json", **headers})


async def read_request(reader: asyncio.StreamReader, connection: int) -> Request | None:
    """Read one request with its body. None when the client has closed the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = request_line.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await _read_body(reader, headers)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    url = urlsplit(target)
    return Request(method, unquote(url.path), dict(parse_qsl(url.query)), headers, body, connection)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def send(writer: asyncio.StreamWriter, reply: Reply, how: Behavior, *, is_head: bool) -> bool:
    """Send the reply as `how` defines it. Return whether the connection can be used for another request."""
    head = _head(reply, how)
    if how.drips_head:
        await _drip(writer, head, how.drip_seconds)
    else:
        writer.write(head)
    if not is_head:
        await _send_body(writer, reply.body, how)
    await writer.drain()
    return how.framing != "close" and how.cut_after is None


def _head(reply: Reply, how: Behavior) -> bytes:
    headers = dict(reply.headers)
    if how.framing == "length":
        headers.setdefault("content-length", str(len(reply.body)))
    elif how.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    else:
        headers["connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Overloaded"


async def _send_body(writer: asyncio.StreamWriter, body: bytes, how: Behavior) -> None:
    sent = body[: how.cut_after]
    if how.is_endless:
        await _write(writer, body, how)
    while how.is_endless:
        await _write(writer, _FILLER, how)
    if how.framing == "chunked" and body:
        writer.write(b"%x\r\n" % len(body))
    if how.drip_seconds and not how.drips_head:
        await _drip(writer, sent, how.drip_seconds)
    else:
        writer.write(sent)
    if how.framing == "chunked" and how.cut_after is None:
        writer.write(b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n")


async def _write(writer: asyncio.StreamWriter, data: bytes, how: Behavior) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data) if how.framing == "chunked" else data)
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> None:
    for position in range(len(data)):
        writer.write(data[position : position + 1])
        await writer.drain()
        await asyncio.sleep(seconds)


async def hang_up(writer: asyncio.StreamWriter, *, is_reset: bool = False) -> None:
    """Close the connection. With `is_reset` the client gets a TCP reset."""
    if is_reset and (sock := writer.get_extra_info("socket")):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()
