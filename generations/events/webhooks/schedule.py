"""When a delivery is tried: at once, and nine times more over three days.

Claiming a row leases it. Whoever settles it names the lease, so that of two workers one decides; a worker that died
leaves a lease that runs out, and the message is sent again under the same id.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from generations.common.clock import database_time

from ..models import DeliveryState, WebhookDelivery, WebhookEndpoint

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
MOST_AT_ONCE = 10
"""To one endpoint."""
LEASE = timedelta(seconds=60)
"""Several times the deadline of a try."""

# Leased rows stand first, so that they count against what one endpoint may have at once. A paused endpoint is still
# tried with what was begun before, for what is new is held back: when something arrives, it is on again.
_CLAIM = """
WITH ranked AS (
    SELECT d.id, d.lease_until, d.next_try_at,
        row_number() OVER (
            PARTITION BY d.endpoint_id
            ORDER BY (d.lease_until > statement_timestamp()) IS TRUE DESC, d.next_try_at, d.id
        ) AS place
    FROM generations_webhookdelivery d JOIN generations_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.state = 'pending' AND d.next_try_at <= statement_timestamp()
        AND e.state <> 'off'
), due AS (
    SELECT d.id FROM generations_webhookdelivery d JOIN ranked r ON r.id = d.id
    WHERE r.place <= %(at_once)s AND d.state = 'pending'
        AND (d.lease_until IS NULL OR d.lease_until <= statement_timestamp())
    ORDER BY r.place, r.next_try_at
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE generations_webhookdelivery d
SET tries = tries + 1, lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due WHERE d.id = due.id
RETURNING d.id
"""


def claim_due(limit: int) -> list[WebhookDelivery]:
    """Lease up to `limit` deliveries that are due, each endpoint's turn first, and count the try. With endpoints."""
    values = {"at_once": MOST_AT_ONCE, "limit": limit, "lease": LEASE.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        claimed: list[UUID] = [pk for (pk,) in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=claimed).select_related("endpoint")) if claimed else []


def next_delay(tries: int) -> timedelta | None:
    """How long to wait after the try of this number, with up to a fifth more at random; None after the last."""
    return DELAYS[tries - 1] * random.uniform(1, 1.2) if tries <= len(DELAYS) else None  # noqa: S311


def hold_back(endpoint: WebhookEndpoint) -> None:
    """Let what was never tried wait for `let_go`, so that no claim has to look at it."""
    endpoint.deliveries.filter(state=DeliveryState.PENDING, tries=0).update(next_try_at=None)


def let_go(endpoint: WebhookEndpoint) -> None:
    """Whatever waits for the endpoint is due now."""
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(next_try_at=Now())


def settle(delivery: WebhookDelivery, state: DeliveryState) -> bool:
    """End the delivery. False when the lease was lost: somebody else decides."""
    return _write(delivery, state=state, settled_at=Now(), next_try_at=None)


def defer(delivery: WebhookDelivery, delay: timedelta) -> bool:
    """Try again after the delay. False when the lease was lost."""
    return _write(delivery, next_try_at=database_time(delay))


def _write(delivery: WebhookDelivery, **changes: Any) -> bool:
    held = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, lease_until=delivery.lease_until)
    return bool(held.update(lease_until=None, **changes))
