"""The load generator, in a separate process: clients on loopback, each with one persistent connection.

Reads one JSON line from standard input: {"port", "clients", "seconds", "requests": [text, ...], "expected": status}.
Client n sends request n again as soon as it has the response, until the time is over. Prints one JSON line:
{"rate", "p50", "p99", "wrong"}, in requests per second and milliseconds.
"""

import asyncio
import json
import statistics
import sys
import time
from typing import Any

LAST_RESPONSE_SECONDS = 30.0


class Client(asyncio.Protocol):
    """Parses only what is needed to find the end of a response: status, Content-Length, body."""

    def __init__(self, request: bytes, expected: int, end: float) -> None:
        self._request = request
        self._expected = b"HTTP/1.1 %d" % expected
        self._end = end
        self._buffer = b""
        self._sent = 0.0
        self.times: list[float] = []
        self.wrong = 0
        self.first_wrong = b""
        self.is_done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if separator and len(body) >= _length_of(head):
            self.times.append(time.perf_counter() - self._sent)
            if not head.startswith(self._expected):
                self.wrong += 1
                self.first_wrong = self.first_wrong or self._buffer
            self._buffer = b""
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_done.done():
            self.is_done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        now = time.perf_counter()
        if now >= self._end:
            self.is_done.set_result(None)
            self._transport.close()
            return
        self._sent = now
        self._transport.write(self._request)


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("a response without Content-Length")


async def load(port: int, clients: int, seconds: float, requests: list[str], expected: int) -> dict[str, float]:
    end = time.perf_counter() + seconds
    connected = [await _connect(port, requests[n % len(requests)].encode(), expected, end) for n in range(clients)]
    started = time.perf_counter()
    async with asyncio.timeout(seconds + LAST_RESPONSE_SECONDS):
        await asyncio.gather(*(client.is_done for client in connected))
    elapsed = time.perf_counter() - started
    times = sorted(one for client in connected for one in client.times)
    for client in connected:
        if client.first_wrong:
            print(client.first_wrong.decode(errors="replace"), file=sys.stderr)
            break
    return {
        "rate": len(times) / elapsed,
        "p50": statistics.median(times) * 1000,
        "p99": times[int(len(times) * 0.99)] * 1000,
        "wrong": sum(client.wrong for client in connected),
    }


async def _connect(port: int, request: bytes, expected: int, end: float) -> Client:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(request, expected, end), "127.0.0.1", port)
    return client


if __name__ == "__main__":
    print(json.dumps(asyncio.run(load(**json.loads(sys.stdin.readline())))))
