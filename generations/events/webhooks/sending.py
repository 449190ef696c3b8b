"""Send what is due, many at once, and settle each as soon as its answer is there.

The database is spoken to by the calling thread alone and the network by an event loop beside it, so a receiver that
takes its time holds up neither the others nor the next claim.
"""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

from django.conf import settings

from generations.common.encryption import UnreadableSecretError

from ..models import WebhookDelivery
from .fanout import BATCH, fan_out
from .posting import Outcome, post
from .schedule import claim_due
from .settling import Managers, settle
from .signing import body_bytes, signed_headers
from .targets import may_connect

MOST_AT_ONCE = 100
SHIFT_SECONDS = 60.0
"""How long one call goes on to claim while something is under way; then it only finishes."""
_TICK = 0.5


def send_webhooks(*, managers: Managers) -> int:
    """Make deliveries of new events and send all that is due. Returns how many were tried."""
    under_way: dict[Future[Outcome], WebhookDelivery] = {}
    tried, end = 0, time.monotonic() + SHIFT_SECONDS
    with _network() as loop:
        while True:
            while fan_out() == BATCH and time.monotonic() < end:
                continue
            if time.monotonic() < end:
                for delivery in claim_due(MOST_AT_ONCE - len(under_way)):
                    under_way[_begin(delivery, loop)] = delivery
                    tried += 1
            if not under_way:
                return tried
            for done in wait(under_way, timeout=_TICK, return_when=FIRST_COMPLETED).done:
                settle(under_way.pop(done), done.result(), managers=managers)


def _begin(delivery: WebhookDelivery, loop: asyncio.AbstractEventLoop) -> "Future[Outcome]":
    body = body_bytes(delivery.payload)
    try:
        headers = signed_headers(delivery, body, datetime.now(UTC))
    except UnreadableSecretError:
        return _not_sent("Not sent: the secret cannot be read any more. Make a new one.")
    deadline: float = settings.WEBHOOK_DEADLINE.total_seconds()
    sent = post(delivery.endpoint.url, body, headers, may_connect=may_connect, deadline=deadline)
    return asyncio.run_coroutine_threadsafe(sent, loop)


def _not_sent(why: str) -> "Future[Outcome]":
    done: Future[Outcome] = Future()
    done.set_result(Outcome(status=None, error=why, answer="", milliseconds=0))
    return done


@contextmanager
def _network() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="webhooks", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
