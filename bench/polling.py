"""Measure the polls per second of one process against a provider that responds after 200 ms.

    python -m bench.polling [--polls 5000] [--concurrency 200]

The provider is a separate process that does almost nothing. In the same run: `limit` writes and reads the bytes by hand
on one connection per worker, which is the least that asyncio can do; `one_pool` is a single `httpx.AsyncClient` with 50
connections, which is why `poll_many` uses many small pools. Prints one JSON line per figure.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

import httpx

from generations.upstream.client import PATH, Provider
from generations.upstream.outcomes import Running
from generations.upstream.polling import poll_many

ONE_POOL_CONNECTIONS = 50
KEY = "bench-key"


class SlowProvider(asyncio.Protocol):
    """Responds to every request after the latency: the job in its path is being rendered."""

    def __init__(self, latency: float) -> None:
        self._latency = latency

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        job = data.split(b" ", 2)[1].rpartition(b"/")[2]
        body = b'{"id": "%s", "status": "processing", "created_at": "2026-01-15T10:00:00.000Z"}' % job
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: %032x\r\ncontent-length: %d\r\n\r\n"
        response = head % (id(data), len(body)) + body
        asyncio.get_running_loop().call_later(self._latency, self._transport.write, response)


async def serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SlowProvider(latency), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def slow_provider(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.polling", "--serve", "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def ours(base_url: str, jobs: list[str], concurrency: int) -> None:
    outcomes = await poll_many(Provider(base_url, KEY), jobs, concurrency=concurrency)
    assert all(isinstance(outcome, Running) for outcome in outcomes.values())


async def limit(base_url: str, jobs: list[str], concurrency: int) -> None:
    host, _, port = base_url.removeprefix("http://").partition(":")
    queue = iter(jobs)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for job in queue:
            writer.write(f"GET {PATH}/{job} HTTP/1.1\r\nhost: {host}\r\nauthorization: {KEY}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))
            assert json.loads(body)["id"] == job
        writer.close()

    await asyncio.gather(*[work() for _ in range(concurrency)])


async def one_pool(base_url: str, jobs: list[str], concurrency: int) -> None:
    queue = iter(jobs)
    limits = httpx.Limits(max_connections=concurrency)
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:

        async def work() -> None:
            for job in queue:
                assert (await client.get(f"{PATH}/{job}")).json()["id"] == job

        await asyncio.gather(*[work() for _ in range(concurrency)])


Program = Callable[[str, list[str], int], Coroutine[None, None, None]]


def measure(name: str, program: Program, base_url: str, polls: int, concurrency: int) -> float:
    """Run the program once, print its figures and return the CPU time per poll in microseconds."""
    jobs = [str(uuid.uuid4()) for _ in range(polls)]
    cpu, start = time.process_time(), time.perf_counter()
    asyncio.run(program(base_url, jobs, concurrency))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    figure(f"polling_{name}_rate", polls / seconds, "polls/s")
    figure(f"polling_{name}_cpu", cpu / polls * 1e6, "us/poll")
    return cpu / polls * 1e6


def figure(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polls", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.latency))
        return
    with slow_provider(args.latency) as base_url:
        limit_cost = measure("limit", limit, base_url, args.polls, args.concurrency)
        cost = measure("ours", ours, base_url, args.polls, args.concurrency)
        measure("one_pool", one_pool, base_url, max(1, args.polls // 10), ONE_POOL_CONNECTIONS)
        figure("polling_ours_cpu_of_limit", cost / limit_cost, "x")


if __name__ == "__main__":
    main()
