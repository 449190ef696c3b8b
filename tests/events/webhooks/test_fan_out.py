"""Each event becomes one delivery for each matching endpoint."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from generations.accounts.models import Team, User
from generations.credits.quota_settings import QuotaHolder, QuotaRule, clear_quota, set_quota
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import Event, WebhookCursor, WebhookDelivery, WebhookEndpoint
from generations.events.record import record_event
from generations.events.webhooks.endpoints import create_endpoint, turn_off
from generations.events.webhooks.fan_out import fan_out

from .conftest import wait_until_complete
from .receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

Record = Callable[..., Event]


class OpenTransaction:
    """A transaction on another connection that has recorded an event, and commits on request."""

    def __init__(self, team: Team) -> None:
        self._recorded, self._may_commit = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(team.pk,))
        self._thread.start()
        assert self._recorded.wait(30)

    def commit(self) -> None:
        self._may_commit.set()
        self._thread.join(30)

    def _run(self, team_id: int) -> None:
        try:
            with transaction.atomic():
                record_event("credits.grant", team_id=team_id, amount=1)
                self._recorded.set()
                assert self._may_commit.wait(60)
        finally:
            connection.close()


def delivered_amounts() -> list[int]:
    """Return the amounts of all deliveries, in the order of their events."""
    wait_until_complete()
    while fan_out():
        pass
    rows = WebhookDelivery.objects.order_by("event__transaction", "event_id")
    return [row.payload["data"]["amount"] for row in rows]


def test_events_that_commit_late_are_delivered(endpoint: WebhookEndpoint, record: Record, team: Team) -> None:
    late = OpenTransaction(team)
    record(amount=2)
    fan_out()
    assert WebhookDelivery.objects.count() == 0  # an older transaction is open, so nothing is delivered yet
    late.commit()
    assert delivered_amounts() == [1, 2]


def test_concurrent_transactions_lose_no_event(endpoint: WebhookEndpoint, record: Record, team: Team) -> None:
    lates = [OpenTransaction(team) for _ in range(4)]
    for late in (lates[2], lates[0], lates[3], lates[1]):
        record(amount=2)
        fan_out()
        late.commit()
        fan_out()
    assert sorted(delivered_amounts()) == [1] * 4 + [2] * 4


def test_a_rolled_back_event_is_not_delivered(endpoint: WebhookEndpoint, record: Record) -> None:
    with transaction.atomic():
        record(amount=1)
        transaction.set_rollback(True)
    record(amount=2)
    assert delivered_amounts() == [2]


def test_an_event_read_twice_is_delivered_once(endpoint: WebhookEndpoint, record: Record) -> None:
    before = WebhookCursor.objects.get()
    record(amount=1)
    assert delivered_amounts() == [1]
    before.save()  # as if the worker had crashed before its commit
    assert delivered_amounts() == [1]


def test_a_concurrent_worker_does_nothing(endpoint: WebhookEndpoint, record: Record) -> None:
    record(amount=1)
    wait_until_complete()
    held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                WebhookCursor.objects.select_for_update().get()
                held.set()
                assert may_go.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    assert fan_out() == 0
    may_go.set()
    thread.join(30)
    assert delivered_amounts() == [1]


def test_an_endpoint_receives_its_kinds_of_its_team_from_its_creation_on(
    endpoint: WebhookEndpoint, record: Record, other_team: Team, team: Team, alice: User, receiver: Receiver
) -> None:
    record("credits.correction", amount=1)
    selective = create_endpoint(team_id=team.pk, actor_id=alice.pk, url=receiver.url, kinds=["credits.correction"])
    record("credits.grant", amount=2)
    record("credits.correction", amount=3)
    record("credits.correction", amount=4, team_id=other_team.pk)
    record("gate.probed", amount=5)
    assert sorted(delivered_amounts()) == [1, 2, 3, 3]
    assert [row.payload["data"]["amount"] for row in selective.deliveries.all()] == [3]


def test_an_endpoint_that_is_off_gets_no_deliveries(endpoint: WebhookEndpoint, record: Record, alice: User) -> None:
    turn_off(endpoint=endpoint, actor_id=alice.pk)
    record(amount=1)
    assert delivered_amounts() == []


def test_without_endpoints_no_event_is_read(record: Record) -> None:
    record()
    wait_until_complete()
    assert fan_out() == 0
    assert not WebhookCursor.objects.exists()


@pytest.mark.parametrize("kind", PUBLIC_KINDS)
def test_bodies_contain_no_text_of_users(kind: str, endpoint: WebhookEndpoint, record: Record) -> None:
    record(kind, amount=1, reason="SECRET", name="SECRET", email="SECRET", prompt="SECRET", prefix="SECRET")
    wait_until_complete()
    fan_out()
    payload = WebhookDelivery.objects.get().payload
    assert payload["type"] == kind
    assert "SECRET" not in str(payload)
    assert payload["data"]["links"]["self"].startswith("http")


def test_a_quota_is_sent_as_numbers(endpoint: WebhookEndpoint, team: Team, alice: User, bob: User) -> None:
    holder = QuotaHolder(team=team, membership=team.memberships.get(user=bob))
    set_quota(holder=holder, rule=QuotaRule(cap=40, period="day"), actor=alice)
    clear_quota(holder=holder, actor=alice)
    wait_until_complete()
    fan_out()
    payloads = {
        row.payload["type"]: row.payload["data"] for row in WebhookDelivery.objects.filter(kind__startswith="quota")
    }
    assert set(payloads) == {"quota.set", "quota.cleared"}
    assert payloads["quota.set"]["user"] == payloads["quota.cleared"]["user"] == bob.pk
    assert payloads["quota.set"]["after"]["cap"] == payloads["quota.cleared"]["before"]["cap"] == 40
    assert payloads["quota.set"]["links"]["self"].endswith("/api/v1/quotas")
    assert bob.email not in str(payloads)
