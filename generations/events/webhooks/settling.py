"""What a try decides: delivered, once more later, given up; and what it says about the endpoint."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from generations.common.clock import database_time

from ..models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, WebhookTry
from . import schedule
from .notices import tell_stopped
from .posting import Outcome

Managers = Callable[[int], Iterable[int]]
"""team id -> the users who manage the team. Rooms above know them."""

GONE = "Its address answered 410 Gone."
log = structlog.get_logger(__name__)


@transaction.atomic
def settle(delivery: WebhookDelivery, outcome: Outcome, *, managers: Managers) -> None:
    """Write the try down and decide. A try whose lease was lost is written down and decides nothing."""
    WebhookTry.objects.create(
        delivery=delivery,
        status=outcome.status,
        error=outcome.error[:200],
        answer=outcome.answer,
        milliseconds=outcome.milliseconds,
    )
    delay = None if delivery.event_id is None else schedule.next_delay(delivery.tries)
    if outcome.is_delivered:
        is_mine = schedule.settle(delivery, DeliveryState.DELIVERED)
    elif delay is None or outcome.is_gone:
        is_mine = schedule.settle(delivery, DeliveryState.FAILED)
    else:
        is_mine = schedule.defer(delivery, delay)
    if is_mine:
        _judge(delivery, outcome, managers)
    else:
        log.info("webhook_lease_lost", delivery_id=str(delivery.pk))


def _judge(delivery: WebhookDelivery, outcome: Outcome, managers: Managers) -> None:
    endpoint = delivery.endpoint
    if outcome.is_delivered:
        _is_well(endpoint)
    elif outcome.is_gone:
        _stop(endpoint, EndpointState.OFF, GONE, managers)
    elif delivery.event_id is not None:  # a test says nothing about what was asked for
        _is_failing(endpoint, managers)


def _is_well(endpoint: WebhookEndpoint) -> None:
    """The first success after a failure clears it; a pause ends, and what waited is sent."""
    ailing = WebhookEndpoint.objects.filter(Q(failing_since__isnull=False) | Q(state=EndpointState.PAUSED))
    if (
        ailing.filter(pk=endpoint.pk)
        .exclude(state=EndpointState.OFF)
        .update(failing_since=None, state=EndpointState.ON, state_reason="")
    ):
        schedule.let_go(endpoint)
        log.info("webhook_well_again", endpoint_id=str(endpoint.pk))


def _is_failing(endpoint: WebhookEndpoint, managers: Managers) -> None:
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    rows.update(failing_since=Coalesce(F("failing_since"), Now()))
    patience: timedelta = settings.WEBHOOK_PAUSE_AFTER
    if rows.filter(state=EndpointState.ON, failing_since__lte=database_time(-patience)).exists():
        hours = int(patience.total_seconds() // 3600)
        _stop(endpoint, EndpointState.PAUSED, f"Nothing has arrived there for {hours} hours.", managers)


def _stop(endpoint: WebhookEndpoint, state: EndpointState, reason: str, managers: Managers) -> None:
    """Stop sending, once, and tell whoever can mend it."""
    others = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(state__in=(state, EndpointState.OFF))
    if others.update(state=state, state_reason=reason):
        schedule.hold_back(endpoint)
        log.warning("webhook_stopped", endpoint_id=str(endpoint.pk), state=state.value)
        tell_stopped(endpoint, state, reason, managers(endpoint.team_id))
