"""Send due deliveries concurrently, and record each outcome as soon as it is known.

The calling thread uses the database and an event loop in another thread uses the network, so a slow receiver delays
neither the others nor the next claim.
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
from .delivery import ManagersOf, claim_due, record_outcome
from .fan_out import BATCH, fan_out
from .http import Outcome, address_policy, post
from .signing import body_bytes, signed_headers

CONCURRENCY = 100
SHIFT_SECONDS = 60.0
"""How long one call keeps claiming; after that it only finishes what is in flight."""
_WAIT_SECONDS = 0.5


def send_webhooks(*, managers_of: ManagersOf) -> int:
    """Create deliveries of new events and send all that are due. Return the number of attempts."""
    in_flight: dict[Future[Outcome], WebhookDelivery] = {}
    attempted, end = 0, time.monotonic() + SHIFT_SECONDS
    with _event_loop() as loop:
        while True:
            while fan_out() == BATCH and time.monotonic() < end:
                continue
            if time.monotonic() < end:
                for delivery in claim_due(CONCURRENCY - len(in_flight)):
                    in_flight[_start(delivery, loop)] = delivery
                    attempted += 1
            if not in_flight:
                return attempted
            for done in wait(in_flight, timeout=_WAIT_SECONDS, return_when=FIRST_COMPLETED).done:
                record_outcome(in_flight.pop(done), done.result(), managers_of=managers_of)


def _start(delivery: WebhookDelivery, loop: asyncio.AbstractEventLoop) -> "Future[Outcome]":
    body = body_bytes(delivery.payload)
    try:
        headers = signed_headers(delivery, body, datetime.now(UTC))
    except UnreadableSecretError:
        return _not_sent("Not sent: the secret is unavailable because the site key changed. Create a new one.")
    deadline: float = settings.WEBHOOK_DEADLINE.total_seconds()
    sent = post(delivery.endpoint.url, body, headers, policy=address_policy(), deadline_seconds=deadline)
    return asyncio.run_coroutine_threadsafe(sent, loop)


def _not_sent(error: str) -> "Future[Outcome]":
    done: Future[Outcome] = Future()
    done.set_result(Outcome(status=None, error=error, response="", milliseconds=0))
    return done


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in another thread."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="webhooks", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
