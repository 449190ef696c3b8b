"""How many streams one process serves, how fast a message reaches all of them, and the memory of each.

    python -m bench.events [--streams 1000] [--messages 20]

Everything is real: `make run`, the session of the demo owner, a message in Valkey as `announce` writes it. The clients
are plain sockets in this process, on the same cores, so the delay includes the time in which all of them read.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import psutil
import psycopg
import redis

from generations.events.streams.feed import stream_key
from tests.stack import StackProcess

CONCURRENCY = 50
OWNER, PASSWORD, SLUG = "owner@example.com", "dailies-demo", "demo"


@dataclass
class Clients:
    """Clients of one team, and the delay of each message for each client."""

    port: int
    cookie: str
    delays: list[float] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    opened: int = 0
    wanted: int = 0

    async def connect(self, count: int) -> None:
        slots = asyncio.Semaphore(CONCURRENCY)
        self.tasks = [asyncio.create_task(self._listen(slots)) for _ in range(count)]
        await self.until(lambda: self.opened == count)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not condition():
                await asyncio.sleep(0.05)

    async def disconnect(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _listen(self, slots: asyncio.Semaphore) -> None:
        async with slots:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**16)
            head = f"GET /events/{SLUG} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n"
            writer.write(head.encode())
            await reader.readuntil(b"event: sync")
            self.opened += 1
        try:
            while line := await reader.readline():
                if line.startswith(b'data: {"sent"'):
                    self.delays.append(time.monotonic() - json.loads(line[6:])["sent"])
        finally:
            writer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dailies-bench-") as folder, StackProcess(Path(folder) / "data") as stack:
        asyncio.run(measure(stack, args.streams, args.messages))


async def measure(stack: StackProcess, streams: int, messages: int) -> None:
    server = stack.child("project.asgi").children()[0]
    clients = Clients(stack.services.events_port, sign_in(stack.port))
    await clients.connect(1)  # modules loaded on first use are not part of the memory of a stream
    await clients.disconnect()
    before, clients.opened = resident(server), 0
    started = time.monotonic()
    await clients.connect(streams)
    report("events.open", streams / (time.monotonic() - started), "streams/s")
    report("events.memory", (resident(server) - before) / streams * 1000, "kB/stream")
    await fan_out(stack, clients, messages)
    await clients.disconnect()
    await clients.until(lambda: connections(server, clients.port) == 0)
    # The allocator of the server keeps its memory, so the same number of new clients must not need more.
    report("events.memory_after_disconnecting", resident(server) - before, "MB")
    clients.opened = 0
    await clients.connect(streams)
    report("events.memory_after_reconnecting", resident(server) - before, "MB")
    await clients.disconnect()


async def fan_out(stack: StackProcess, clients: Clients, messages: int) -> None:
    key = stream_key(team_id(stack.services.database_url))
    with redis.Redis.from_url(stack.services.redis_url) as valkey:
        for _ in range(messages):
            clients.wanted += len(clients.tasks)
            valkey.xadd(key, {"data": json.dumps({"sent": time.monotonic()})})
            await clients.until(lambda: len(clients.delays) == clients.wanted)
    delays = sorted(clients.delays)
    report("events.fan_out_p50", delays[len(delays) // 2], "s")
    report("events.fan_out_p95", delays[len(delays) * 95 // 100], "s")


def sign_in(port: int) -> str:
    """Return the session cookie of the demo owner."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/account/login/")
    page = connection.getresponse()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token is not None
    cookies = SimpleCookie(page.headers["Set-Cookie"])
    form = {"login": OWNER, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    headers = {
        "Cookie": f"csrftoken={cookies['csrftoken'].value}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/account/login/", urlencode(form), headers)
    response = connection.getresponse()
    cookies = SimpleCookie("; ".join(response.headers.get_all("Set-Cookie") or []))
    return f"sessionid={cookies['sessionid'].value}"


def team_id(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT id FROM generations_team WHERE slug = %s", [SLUG]).fetchone()
    assert row is not None
    return int(row[0])


def connections(server: psutil.Process, port: int) -> int:
    return sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port for c in server.net_connections("tcp"))


def resident(server: psutil.Process) -> float:
    return server.memory_info().rss / 1e6


def report(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit}), flush=True)


if __name__ == "__main__":
    main()
