import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from generations.accounts.models import Membership, Team, User
from generations.common.clock import database_time
from generations.events.models import Event, WebhookDelivery, WebhookEndpoint
from generations.events.record import record_event
from generations.events.webhooks.endpoints import create_endpoint
from generations.events.webhooks.sending import send_webhooks

from .receiver import Receiver

TIMEOUT = 60.0


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_DEADLINE = timedelta(seconds=1)
    with Receiver() as running:
        yield running


@pytest.fixture
def endpoint(team: Team, alice: User, receiver: Receiver) -> WebhookEndpoint:
    return create_endpoint(team_id=team.pk, actor_id=alice.pk, url=receiver.url)


@pytest.fixture
def record(team: Team, alice: User) -> Callable[..., Event]:
    """Record an event of the team, by default a grant."""

    def go(kind: str = "credits.grant", *, team_id: int | None = None, **data: Any) -> Event:
        values = {"amount": 5, **data}
        return record_event(kind, team_id=team_id or team.pk, actor_id=alice.pk, **values)

    return go


@pytest.fixture
def run_worker() -> Callable[[], int]:
    """Run the webhook worker once, with all events complete and all pending deliveries due."""

    def go() -> int:
        wait_until_complete()
        make_due()
        return send_webhooks(managers_of=Membership.objects.managers_of)

    return go


def make_due() -> None:
    """Make scheduled deliveries due. Suspended ones stay suspended."""
    WebhookDelivery.objects.filter(state="pending", next_attempt_at__isnull=False).update(
        next_attempt_at=database_time(timedelta(seconds=-1))
    )


def wait_until_complete() -> None:
    """Wait for concurrent transactions: other tests use the same server, and events wait for the oldest one."""
    newest = Event.objects.order_by("-transaction").values_list("transaction", flat=True).first() or 0
    end = time.monotonic() + TIMEOUT
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] > newest:
                return
            assert time.monotonic() < end, "a transaction stays open"
            time.sleep(0.02)


def only_delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.select_related("endpoint").get()
