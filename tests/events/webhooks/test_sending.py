"""Deliveries to working, slow, failing and removed receivers, over real sockets, without waiting for the schedule."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.common.clock import database_now, database_time
from generations.events.models import (
    DeliveryAttempt,
    DeliveryState,
    EndpointState,
    Event,
    Notification,
    WebhookEndpoint,
)
from generations.events.webhooks.delivery import MAX_CONCURRENT_PER_ENDPOINT, RETRY_DELAYS, claim_due, record_outcome
from generations.events.webhooks.delivery_log import send_test
from generations.events.webhooks.endpoints import create_endpoint
from generations.events.webhooks.fan_out import fan_out
from generations.events.webhooks.http import Outcome
from project.stack.ports import free_port
from tests.fakes.behaviors import Behavior, drop, endless, hang, respond, slow_drip

from .conftest import make_due, only_delivery, wait_until_complete
from .receiver import Receiver, verified

pytestmark = pytest.mark.django_db(transaction=True)

Record = Callable[..., Event]
RunWorker = Callable[[], int]
REDIRECT = Behavior(status=302, headers={"location": "http://127.0.0.1:1/elsewhere"})


def test_a_request_follows_the_standard(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker, team: Team
) -> None:
    event = record(amount=500, reason="June, for Rita's film")
    assert run_worker() == 1
    [request] = receiver.received
    delivery = only_delivery()
    assert request.method == "POST"
    assert request.path == "/hook"
    assert request.headers["host"] == urlsplit(receiver.url).netloc
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == str(delivery.pk)
    message = verified(request, endpoint.secret)
    assert message["type"] == "credits.grant"
    assert message["timestamp"].endswith("Z")
    assert message["data"]["team"] == team.slug
    assert message["data"]["amount"] == 500
    assert "June" not in request.body.decode()
    assert delivery.event_id == event.pk
    assert (delivery.state, delivery.attempt_count, delivery.next_attempt_at) == (DeliveryState.DELIVERED, 1, None)
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.error, attempt.response) == (200, "", "thanks")


@pytest.mark.parametrize(
    ("behavior", "status", "error"),
    [
        (respond(500, b"not now"), 500, ""),
        (respond(404, b"where?"), 404, ""),
        (respond(429, b"slower"), 429, ""),
        (REDIRECT, 302, ""),
        (hang(), None, "No complete response within 1 seconds."),
        (slow_drip(0.2), None, "No complete response within 1 seconds."),
        (slow_drip(0.2, in_head=True), None, "No complete response within 1 seconds."),
        (drop(), None, "The connection was closed early"),
        (respond(500, b"\x00\xff nul"), 500, ""),
    ],
    ids=["500", "404", "429", "redirect", "hang", "drip", "drip-head", "drop", "binary"],
)
def test_a_failed_attempt_is_stored_and_reattempt(
    behavior: Behavior,
    status: int | None,
    error: str,
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    record: Record,
    run_worker: RunWorker,
) -> None:
    receiver.script(behavior)
    record()
    run_worker()
    delivery, attempt = only_delivery(), DeliveryAttempt.objects.get()
    assert len(receiver.received) == 1
    assert (delivery.state, delivery.attempt_count, delivery.lease_until) == (DeliveryState.PENDING, 1, None)
    assert delivery.next_attempt_at is not None
    assert attempt.status == status
    assert attempt.error.startswith(error)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    run_worker()
    assert only_delivery().state == DeliveryState.DELIVERED
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_large_response_is_not_read_completely(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker
) -> None:
    receiver.always(endless())
    record()
    run_worker()
    assert only_delivery().state == DeliveryState.DELIVERED
    assert len(DeliveryAttempt.objects.get().response) <= 500


def test_a_closed_port_is_a_failed_attempt(
    team: Team, alice: User, endpoint: WebhookEndpoint, record: Record, run_worker: RunWorker
) -> None:
    WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{free_port()}/hook")
    record()
    run_worker()
    assert DeliveryAttempt.objects.get().error.startswith("No connection")


def test_an_unreadable_secret_is_a_failed_attempt(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker, settings: Settings
) -> None:
    settings.SECRET_KEY = "another-key-altogether-after-the-move"
    record()
    run_worker()
    assert not receiver.received
    assert DeliveryAttempt.objects.get().error.endswith("Create a new one.")


def test_the_last_retry_is_after_three_days(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker
) -> None:
    receiver.always(respond(503, b"away"))
    record()
    waited = timedelta()
    for _ in RETRY_DELAYS:
        run_worker()
        delivery = only_delivery()
        assert delivery.next_attempt_at is not None
        waited += delivery.next_attempt_at - database_now()
    assert timedelta(days=3) < waited < timedelta(days=4)
    run_worker()
    delivery = only_delivery()
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.FAILED, 10)
    assert delivery.finished_at is not None
    run_worker()
    assert len(receiver.received) == 10


def test_410_turns_the_endpoint_off_and_notifies_its_managers(
    alice: User, bob: User, endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker
) -> None:
    receiver.always(respond(410, b"gone"))
    record()
    run_worker()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.OFF
    assert "410" in endpoint.state_reason
    assert only_delivery().state == DeliveryState.FAILED
    assert [notice.user for notice in Notification.objects.all()] == [alice]
    assert "turned off" in Notification.objects.get().text
    record()
    run_worker()
    assert len(receiver.received) == 1


def test_an_endpoint_that_fails_for_a_day_is_paused_and_keeps_new_events(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker, alice: User
) -> None:
    receiver.always(respond(500, b"broken"))
    record()
    run_worker()
    WebhookEndpoint.objects.update(failing_since=database_time(timedelta(hours=-25)))
    run_worker()
    run_worker()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.PAUSED
    assert Notification.objects.filter(user=alice).count() == 1
    attempt = len(receiver.received)
    record("member.added", user=alice.pk, role="owner")
    run_worker()
    assert receiver.kinds[attempt:] == ["credits.grant"]  # started deliveries are reattempt, new ones wait
    receiver.always(Behavior())
    run_worker()
    run_worker()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason, endpoint.failing_since) == (EndpointState.ON, "", None)
    assert receiver.kinds[-1] == "member.added"


def test_a_delivered_test_message_ends_a_pause(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker
) -> None:
    WebhookEndpoint.objects.update(state=EndpointState.PAUSED)
    record()
    run_worker()
    assert receiver.received == []
    send_test(endpoint)
    run_worker()
    run_worker()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.ON
    assert receiver.kinds == ["webhook.test", "credits.grant"]


def test_a_test_message_is_attempted_once(endpoint: WebhookEndpoint, receiver: Receiver, run_worker: RunWorker) -> None:
    receiver.always(respond(500, b"not yet"))
    send_test(endpoint)
    run_worker()
    assert only_delivery().state == DeliveryState.FAILED
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_slow_receiver_does_not_delay_others(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    record: Record,
    run_worker: RunWorker,
    team: Team,
    alice: User,
    settings: Settings,
) -> None:
    settings.WEBHOOK_DEADLINE = timedelta(seconds=3)
    receiver.always(hang())
    WebhookEndpoint.objects.update(kinds=["member.added"])
    with Receiver() as healthy:
        create_endpoint(team_id=team.pk, actor_id=alice.pk, url=healthy.url, kinds=["credits.grant"])
        for _ in range(5):
            record("member.added")
        for _ in range(30):
            record("credits.grant")
        run_worker()
        assert len(healthy.received) == 30
    kinds = list(DeliveryAttempt.objects.order_by("pk").values_list("delivery__kind", flat=True))
    assert kinds == ["credits.grant"] * 30 + ["member.added"] * 5


def test_an_endpoint_has_at_most_ten_concurrent_requests(
    endpoint: WebhookEndpoint, record: Record, team: Team, alice: User, receiver: Receiver
) -> None:
    create_endpoint(team_id=team.pk, actor_id=alice.pk, url=receiver.url, kinds=["member.added"])
    for _ in range(15):
        record("credits.grant")
    record("member.added")
    wait_until_complete()
    fan_out()
    assert len(claim_due(100)) == MAX_CONCURRENT_PER_ENDPOINT + 1
    assert claim_due(100) == []


def test_only_one_of_two_workers_sends(
    endpoint: WebhookEndpoint, receiver: Receiver, record: Record, run_worker: RunWorker
) -> None:
    record()
    receiver.always(respond(500, b""))
    run_worker()
    make_due()
    [claimed] = claim_due(10)
    assert claim_due(10) == []
    assert run_worker() == 0
    # The worker crashed: after its lease another one sends, and the first one decides nothing.
    type(claimed).objects.update(lease_until=database_time(timedelta(seconds=-1)))
    receiver.always(Behavior())
    assert run_worker() == 1
    gone = Outcome(status=410, error="", response="", milliseconds=1)
    record_outcome(claimed, gone, managers_of=lambda team_id: [])
    assert only_delivery().state == DeliveryState.DELIVERED
    assert mail.outbox == []
