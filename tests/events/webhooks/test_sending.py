"""Receivers as they are: well, slow, wrong, gone. Over real sockets, with the times of the schedule made due."""

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

from .conftest import make_due, only_delivery, until_complete
from .receiver import Receiver, verified

pytestmark = pytest.mark.django_db(transaction=True)

Tell = Callable[..., Event]
Work = Callable[[], int]
REDIRECT = Behavior(status=302, headers={"location": "http://127.0.0.1:1/elsewhere"})


def test_it_tells_an_event_as_the_standard_wants_it(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work, team: Team
) -> None:
    event = tell(amount=500, reason="June, for Rita's film")
    assert work() == 1
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
    tried = DeliveryAttempt.objects.get()
    assert (tried.status, tried.error, tried.response) == (200, "", "thanks")


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
def test_a_try_that_fails_is_written_down_and_comes_again(
    behavior: Behavior,
    status: int | None,
    error: str,
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    tell: Tell,
    work: Work,
) -> None:
    receiver.script(behavior)
    tell()
    work()
    delivery, tried = only_delivery(), DeliveryAttempt.objects.get()
    assert len(receiver.received) == 1
    assert (delivery.state, delivery.attempt_count, delivery.lease_until) == (DeliveryState.PENDING, 1, None)
    assert delivery.next_attempt_at is not None
    assert tried.status == status
    assert tried.error.startswith(error)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    work()
    assert only_delivery().state == DeliveryState.DELIVERED
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_huge_answer_is_not_read_to_its_end(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work
) -> None:
    receiver.always(endless())
    tell()
    work()
    assert only_delivery().state == DeliveryState.DELIVERED
    assert len(DeliveryAttempt.objects.get().response) <= 500


def test_nobody_there_is_a_failed_try(
    team: Team, alice: User, endpoint: WebhookEndpoint, tell: Tell, work: Work
) -> None:
    WebhookEndpoint.objects.update(url=f"http://127.0.0.1:{free_port()}/hook")
    tell()
    work()
    assert DeliveryAttempt.objects.get().error.startswith("No connection")


def test_a_secret_that_cannot_be_read_any_more_is_a_failed_try(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work, settings: Settings
) -> None:
    settings.SECRET_KEY = "another-key-altogether-after-the-move"
    tell()
    work()
    assert not receiver.received
    assert DeliveryAttempt.objects.get().error.endswith("Create a new one.")


def test_the_schedule_lasts_three_days_and_then_gives_up(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work
) -> None:
    receiver.always(respond(503, b"away"))
    tell()
    waited = timedelta()
    for _ in RETRY_DELAYS:
        work()
        delivery = only_delivery()
        assert delivery.next_attempt_at is not None
        waited += delivery.next_attempt_at - database_now()
    assert timedelta(days=3) < waited < timedelta(days=4)
    work()
    delivery = only_delivery()
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.FAILED, 10)
    assert delivery.finished_at is not None
    work()
    assert len(receiver.received) == 10


def test_gone_switches_the_endpoint_off_and_tells_its_managers(
    alice: User, bob: User, endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work
) -> None:
    receiver.always(respond(410, b"gone"))
    tell()
    work()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.OFF
    assert "410" in endpoint.state_reason
    assert only_delivery().state == DeliveryState.FAILED
    assert [notice.user for notice in Notification.objects.all()] == [alice]
    assert "turned off" in Notification.objects.get().text
    tell()
    work()
    assert len(receiver.received) == 1


def test_an_endpoint_that_fails_for_a_day_is_paused_and_keeps_what_comes(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work, alice: User
) -> None:
    receiver.always(respond(500, b"broken"))
    tell()
    work()
    WebhookEndpoint.objects.update(failing_since=database_time(timedelta(hours=-25)))
    work()
    work()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.PAUSED
    assert Notification.objects.filter(user=alice).count() == 1
    tried = len(receiver.received)
    tell("member.added", user=alice.pk, role="owner")
    work()
    assert receiver.kinds[tried:] == ["credits.grant"]  # what was begun goes on, what is new waits
    receiver.always(Behavior())
    work()
    work()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason, endpoint.failing_since) == (EndpointState.ON, "", None)
    assert receiver.kinds[-1] == "member.added"


def test_a_test_that_arrives_ends_a_pause(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work
) -> None:
    WebhookEndpoint.objects.update(state=EndpointState.PAUSED)
    tell()
    work()
    assert receiver.received == []
    send_test(endpoint)
    work()
    work()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.ON
    assert receiver.kinds == ["webhook.test", "credits.grant"]


def test_a_test_is_tried_once(endpoint: WebhookEndpoint, receiver: Receiver, work: Work) -> None:
    receiver.always(respond(500, b"not yet"))
    send_test(endpoint)
    work()
    assert only_delivery().state == DeliveryState.FAILED
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_one_slow_receiver_holds_up_no_other(
    endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work, team: Team, alice: User, settings: Settings
) -> None:
    settings.WEBHOOK_DEADLINE = timedelta(seconds=3)
    receiver.always(hang())
    WebhookEndpoint.objects.update(kinds=["member.added"])
    with Receiver() as well:
        create_endpoint(team_id=team.pk, actor_id=alice.pk, url=well.url, kinds=["credits.grant"])
        for _ in range(5):
            tell("member.added")
        for _ in range(30):
            tell("credits.grant")
        work()
        assert len(well.received) == 30
    kinds = list(DeliveryAttempt.objects.order_by("pk").values_list("delivery__kind", flat=True))
    assert kinds == ["credits.grant"] * 30 + ["member.added"] * 5


def test_one_endpoint_has_ten_messages_under_way_at_most(
    endpoint: WebhookEndpoint, tell: Tell, team: Team, alice: User, receiver: Receiver
) -> None:
    create_endpoint(team_id=team.pk, actor_id=alice.pk, url=receiver.url, kinds=["member.added"])
    for _ in range(15):
        tell("credits.grant")
    tell("member.added")
    until_complete()
    fan_out()
    assert len(claim_due(100)) == MAX_CONCURRENT_PER_ENDPOINT + 1
    assert claim_due(100) == []


def test_of_two_workers_one_sends(endpoint: WebhookEndpoint, receiver: Receiver, tell: Tell, work: Work) -> None:
    tell()
    receiver.always(respond(500, b""))
    work()
    make_due()
    [mine] = claim_due(10)
    assert claim_due(10) == []
    assert work() == 0
    # Its worker died: when the lease has run out another sends, and the first decides nothing any more.
    type(mine).objects.update(lease_until=database_time(timedelta(seconds=-1)))
    receiver.always(Behavior())
    assert work() == 1
    gone = Outcome(status=410, error="", response="", milliseconds=1)
    record_outcome(mine, gone, managers_of=lambda team_id: [])
    assert only_delivery().state == DeliveryState.DELIVERED
    assert mail.outbox == []
