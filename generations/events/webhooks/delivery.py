"""Claim due deliveries, record the outcome of each attempt, and pause endpoints that fail.

A delivery is attempted at once and up to nine times more over three days. A claim leases the row. A result is only
written under the same lease, so that one of two workers decides. The lease of a worker that died expires, and the
message is sent again under the same id.
"""

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from generations.common.clock import database_time

from ..kinds import EventKind
from ..mail import queue_mail
from ..models import DeliveryAttempt, DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint
from ..notifications import notify
from ..record import record_event
from .http import Outcome, host_of

ManagersOf = Callable[[int], Iterable[int]]
"""team id -> the ids of the users who manage the team. A higher room provides it."""

RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
MAX_CONCURRENT_PER_ENDPOINT = 10
LEASE = timedelta(seconds=60)
"""Several times the deadline of an attempt."""
GONE = "The endpoint responded 410 Gone."
STOP_KINDS = {EndpointState.PAUSED: EventKind.WEBHOOK_PAUSED, EndpointState.OFF: EventKind.WEBHOOK_STOPPED}
NOTIFICATION_KIND = "webhook.stopped"

log = structlog.get_logger(__name__)

# Leased rows come first, so that they count toward an endpoint's concurrency. Deliveries to a paused endpoint that
# were attempted before the pause continue, while new ones wait: the first success ends the pause.
_CLAIM = """
WITH ranked AS (
    SELECT d.id, d.lease_until, d.next_attempt_at,
        row_number() OVER (
            PARTITION BY d.endpoint_id
            ORDER BY (d.lease_until > statement_timestamp()) IS TRUE DESC, d.next_attempt_at, d.id
        ) AS place
    FROM generations_webhookdelivery d JOIN generations_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.state = 'pending' AND d.next_attempt_at <= statement_timestamp()
        AND e.state <> 'off'
), due AS (
    SELECT d.id FROM generations_webhookdelivery d JOIN ranked r ON r.id = d.id
    WHERE r.place <= %(concurrency)s AND d.state = 'pending'
        AND (d.lease_until IS NULL OR d.lease_until <= statement_timestamp())
    ORDER BY r.place, r.next_attempt_at
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE generations_webhookdelivery d
SET attempt_count = attempt_count + 1, lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due WHERE d.id = due.id
RETURNING d.id
"""


def claim_due(limit: int) -> list[WebhookDelivery]:
    """Lease up to `limit` due deliveries, in turn by endpoint, and count the attempt. Endpoints are prefetched."""
    values = {"concurrency": MAX_CONCURRENT_PER_ENDPOINT, "limit": limit, "lease": LEASE.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        claimed: list[UUID] = [pk for (pk,) in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=claimed).select_related("endpoint")) if claimed else []


@transaction.atomic
def record_outcome(delivery: WebhookDelivery, outcome: Outcome, *, managers_of: ManagersOf) -> None:
    """Store the attempt and decide what follows. An attempt whose lease was lost is stored and decides nothing."""
    DeliveryAttempt.objects.create(
        delivery=delivery,
        status=outcome.status,
        error=outcome.error[:200],
        response=outcome.response,
        milliseconds=outcome.milliseconds,
    )
    delay = None if delivery.event_id is None else retry_delay(delivery.attempt_count)
    if outcome.is_delivered:
        has_lease = _finish(delivery, DeliveryState.DELIVERED)
    elif delay is None or outcome.is_gone:
        has_lease = _finish(delivery, DeliveryState.FAILED)
    else:
        has_lease = _update_leased(delivery, next_attempt_at=database_time(delay))
    if has_lease:
        _update_endpoint(delivery, outcome, managers_of)
    else:
        log.info("webhook_lease_lost", delivery_id=str(delivery.pk))


def retry_delay(attempts: int) -> timedelta | None:
    """Return the wait after so many attempts, with up to a fifth of random jitter; None after the last one."""
    return RETRY_DELAYS[attempts - 1] * random.uniform(1, 1.2) if attempts <= len(RETRY_DELAYS) else None  # noqa: S311


def suspend_new(endpoint: WebhookEndpoint) -> None:
    """Suspend the endpoint's unattempted deliveries until `resume`, so that claims need not read them."""
    endpoint.deliveries.filter(state=DeliveryState.PENDING, attempt_count=0).update(next_attempt_at=None)


def resume(endpoint: WebhookEndpoint) -> None:
    """Make all pending deliveries of the endpoint due now."""
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(next_attempt_at=Now())


def _finish(delivery: WebhookDelivery, state: DeliveryState) -> bool:
    return _update_leased(delivery, state=state, finished_at=Now(), next_attempt_at=None)


def _update_leased(delivery: WebhookDelivery, **changes: Any) -> bool:
    """Update the delivery and end its lease. Return False when the lease was lost: another worker decides."""
    leased = WebhookDelivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.PENDING, lease_until=delivery.lease_until
    )
    return bool(leased.update(lease_until=None, **changes))


def _update_endpoint(delivery: WebhookDelivery, outcome: Outcome, managers_of: ManagersOf) -> None:
    endpoint = delivery.endpoint
    if outcome.is_delivered:
        _record_success(endpoint)
    elif outcome.is_gone:
        _stop(endpoint, EndpointState.OFF, GONE, managers_of)
    elif delivery.event_id is not None:  # a failed test message does not count as a failure of the endpoint
        _record_failure(endpoint, managers_of)


def _record_success(endpoint: WebhookEndpoint) -> None:
    """Clear the failure and end a pause; what was suspended is sent."""
    failing = WebhookEndpoint.objects.filter(Q(failing_since__isnull=False) | Q(state=EndpointState.PAUSED))
    if (
        failing.filter(pk=endpoint.pk)
        .exclude(state=EndpointState.OFF)
        .update(failing_since=None, state=EndpointState.ON, state_reason="")
    ):
        resume(endpoint)
        log.info("webhook_recovered", endpoint_id=str(endpoint.pk))


def _record_failure(endpoint: WebhookEndpoint, managers_of: ManagersOf) -> None:
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    rows.update(failing_since=Coalesce(F("failing_since"), Now()))
    pause_after: timedelta = settings.WEBHOOK_PAUSE_AFTER
    if rows.filter(state=EndpointState.ON, failing_since__lte=database_time(-pause_after)).exists():
        hours = int(pause_after.total_seconds() // 3600)
        _stop(endpoint, EndpointState.PAUSED, f"No successful delivery for {hours} hours.", managers_of)


def _stop(endpoint: WebhookEndpoint, state: EndpointState, reason: str, managers_of: ManagersOf) -> None:
    """Stop sending and notify the managers, once."""
    others = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(state__in=(state, EndpointState.OFF))
    if others.update(state=state, state_reason=reason):
        suspend_new(endpoint)
        log.warning("webhook_stopped", endpoint_id=str(endpoint.pk), state=state.value)
        record_event(STOP_KINDS[state], team_id=endpoint.team_id, subject_id=endpoint.pk, reason=reason)
        _notify_stopped(endpoint, state, reason, managers_of(endpoint.team_id))


def _notify_stopped(endpoint: WebhookEndpoint, state: EndpointState, reason: str, managers: Iterable[int]) -> None:
    """Notify and mail the team's managers. The webhook's creator is one of them, or has lost the role."""
    what = "paused" if state is EndpointState.PAUSED else "turned off"
    host = host_of(endpoint.url)
    text = f"Webhook to {host} was {what}. {reason}"
    path = f"/t/{endpoint.team.slug}/webhooks/{endpoint.pk}/"
    people = list(get_user_model()._default_manager.filter(pk__in=set(managers), is_active=True))
    notify(
        user_ids=[user.pk for user in people], kind=NOTIFICATION_KIND, text=text, path=path, team_id=endpoint.team_id
    )
    queue_mail(addresses=[user.email for user in people], subject=f"Webhook disabled: {host}", text=text, path=path)
