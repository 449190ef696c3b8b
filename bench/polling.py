"""How many polls a second one process manages against a provider that takes 200 ms to answer.

    python -m bench.polling [--polls 5000] [--concurrency 512]

The provider runs in a process of its own. Prints one JSON line per figure. `polling_one_pool` is what a single
`httpx.AsyncClient` with 50 connections does in the same run: the reason why there are lanes.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

import httpx

from generations.upstream.answers import Running
from generations.upstream.client import Provider, poll_path
from generations.upstream.polling import poll_many
from tests.fakes.provider import RemoteProvider

ONE_POOL_CONNECTIONS = 50


@contextmanager
def slow_provider(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes.provider", "--latency", str(latency), "--polls-until-done", "9999999"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def measure(name: str, polls: int, work: Callable[[], Coroutine[None, None, None]]) -> None:
    cpu, start = time.process_time(), time.perf_counter()
    asyncio.run(work())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    figure(f"{name}_rate", polls / seconds, "polls/s")
    figure(f"{name}_cpu", cpu / polls * 1e6, "us/poll")


def figure(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 1), "unit": unit}), flush=True)


async def in_lanes(provider: Provider, jobs: list[str], concurrency: int) -> None:
    outcomes = await poll_many(provider, jobs, concurrency=concurrency)
    assert all(isinstance(outcome, Running) for outcome in outcomes.values())


async def in_one_pool(base_url: str, jobs: list[str]) -> None:
    queue = iter(jobs)
    limits = httpx.Limits(max_connections=ONE_POOL_CONNECTIONS)
    headers = {"authorization": "Bearer bench-key"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:

        async def work() -> None:
            for job in queue:
                assert (await client.get(poll_path(job))).status_code == 200

        await asyncio.gather(*[work() for _ in range(ONE_POOL_CONNECTIONS)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polls", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=512)
    parser.add_argument("--latency", type=float, default=0.2)
    args = parser.parse_args()
    with slow_provider(args.latency) as base_url:
        jobs = RemoteProvider(base_url).make_jobs(args.polls)
        provider = Provider(base_url, "bench-key")
        measure("polling", len(jobs), lambda: in_lanes(provider, jobs, args.concurrency))
        few = jobs[: max(1, args.polls // 10)]
        measure("polling_one_pool", len(few), lambda: in_one_pool(base_url, few))


if __name__ == "__main__":
    main()
