"""A stream leaves no task, feed or subscription after its client has disconnected."""

import asyncio
import gc
import weakref
from collections.abc import MutableMapping
from typing import Any

import pytest
import redis

from generations.events.streams.feed import FeedRegistry, Subscription
from generations.events.streams.page_stream import PageStream

CLIENTS = 50


class Browser:
    """An ASGI client: counts the chunks it receives, and disconnects when `gone` is set."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.chunks = 0

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.chunks += message["type"] == "http.response.body"


def scope() -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/events/lighthouse", "query_string": b"", "headers": []}


async def connect_and_disconnect(streams: PageStream, feeds: FeedRegistry) -> None:
    browsers = [Browser() for _ in range(CLIENTS)]
    requests = [asyncio.create_task(streams(scope(), browser.receive, browser.send)) for browser in browsers]
    async with asyncio.timeout(20):
        while not all(browser.chunks >= 2 for browser in browsers):
            await asyncio.sleep(0.01)
        assert feeds.open_count == 1
        for browser in browsers:
            browser.gone.set()
        await asyncio.gather(*requests)


async def check_cleanup(created: "weakref.WeakSet[Subscription]") -> None:
    streams = PageStream(authorize=lambda session_key, slug: 7, heartbeat=0.2, idle=0.2)
    before = asyncio.all_tasks()
    for _ in range(2):
        await connect_and_disconnect(streams, streams.feeds)
    async with asyncio.timeout(20):
        while streams.feeds.open_count or asyncio.all_tasks() != before:
            await asyncio.sleep(0.01)
    gc.collect()
    assert len(created) == 0


def test_disconnected_clients_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis) -> None:
    created: weakref.WeakSet[Subscription] = weakref.WeakSet()
    make = Subscription.__init__

    def watched(self: Subscription) -> None:
        make(self)
        created.add(self)

    monkeypatch.setattr(Subscription, "__init__", watched)
    asyncio.run(check_cleanup(created))
