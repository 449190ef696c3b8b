"""From events to deliveries: none missed, none twice, none for others."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from generations.accounts.models import Team, User
from generations.credits.limits import QuotaHolder, QuotaRule, clear_quota, set_quota
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import Event, WebhookCursor, WebhookDelivery, WebhookEndpoint
from generations.events.record import record_event
from generations.events.webhooks.endpoints import create_endpoint, turn_off
from generations.events.webhooks.fan_out import fan_out

from .conftest import until_complete
from .receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

Tell = Callable[..., Event]


class Late:
    """A transaction on a connection of its own: it has told its event, and commits when it is asked to."""

    def __init__(self, team: Team) -> None:
        self._told, self._may_commit = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(team.pk,))
        self._thread.start()
        assert self._told.wait(30)

    def commit(self) -> None:
        self._may_commit.set()
        self._thread.join(30)

    def _run(self, team_id: int) -> None:
        try:
            with transaction.atomic():
                record_event("credits.grant", team_id=team_id, amount=1)
                self._told.set()
                assert self._may_commit.wait(60)
        finally:
            connection.close()


def told() -> list[int]:
    """The amounts of the events that there are deliveries for, in the order of events."""
    until_complete()
    while fan_out():
        pass
    rows = WebhookDelivery.objects.order_by("event__transaction", "event_id")
    return [row.payload["data"]["amount"] for row in rows]


def test_what_commits_late_is_not_lost(endpoint: WebhookEndpoint, tell: Tell, team: Team) -> None:
    late = Late(team)
    tell(amount=2)
    fan_out()
    assert WebhookDelivery.objects.count() == 0  # something older is under way: nothing is handed out yet
    late.commit()
    assert told() == [1, 2]


def test_many_transactions_at_once_lose_nothing(endpoint: WebhookEndpoint, tell: Tell, team: Team) -> None:
    lates = [Late(team) for _ in range(4)]
    for late in (lates[2], lates[0], lates[3], lates[1]):
        tell(amount=2)
        fan_out()
        late.commit()
        fan_out()
    assert sorted(told()) == [1] * 4 + [2] * 4


def test_what_is_rolled_back_is_not_told(endpoint: WebhookEndpoint, tell: Tell) -> None:
    with transaction.atomic():
        tell(amount=1)
        transaction.set_rollback(True)
    tell(amount=2)
    assert told() == [2]


def test_an_event_read_twice_is_delivered_once(endpoint: WebhookEndpoint, tell: Tell) -> None:
    before = WebhookCursor.objects.get()
    tell(amount=1)
    assert told() == [1]
    before.save()  # as if the worker had died before its commit
    assert told() == [1]


def test_another_worker_at_it_leaves_nothing_to_do(endpoint: WebhookEndpoint, tell: Tell) -> None:
    tell(amount=1)
    until_complete()
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
    assert told() == [1]


def test_an_endpoint_gets_the_kinds_it_wants_of_its_own_team_from_now_on(
    endpoint: WebhookEndpoint, tell: Tell, other_team: Team, team: Team, alice: User, receiver: Receiver
) -> None:
    tell("credits.correction", amount=1)
    picky = create_endpoint(team_id=team.pk, actor_id=alice.pk, url=receiver.url, kinds=["credits.correction"])
    tell("credits.grant", amount=2)
    tell("credits.correction", amount=3)
    tell("credits.correction", amount=4, team_id=other_team.pk)
    tell("gate.probed", amount=5)
    assert sorted(told()) == [1, 2, 3, 3]
    assert [row.payload["data"]["amount"] for row in picky.deliveries.all()] == [3]


def test_one_that_is_off_collects_nothing(endpoint: WebhookEndpoint, tell: Tell, alice: User) -> None:
    turn_off(endpoint=endpoint, actor_id=alice.pk)
    tell(amount=1)
    assert told() == []


def test_without_any_endpoint_there_is_nothing_to_do(tell: Tell) -> None:
    tell()
    until_complete()
    assert fan_out() == 0
    assert not WebhookCursor.objects.exists()


@pytest.mark.parametrize("kind", PUBLIC_KINDS)
def test_no_words_of_people_leave(kind: str, endpoint: WebhookEndpoint, tell: Tell) -> None:
    tell(kind, amount=1, reason="SECRET", name="SECRET", email="SECRET", prompt="SECRET", prefix="SECRET")
    until_complete()
    fan_out()
    payload = WebhookDelivery.objects.get().payload
    assert payload["type"] == kind
    assert "SECRET" not in str(payload)
    assert payload["data"]["links"]["self"].startswith("http")


def test_a_quota_is_told_in_figures(endpoint: WebhookEndpoint, team: Team, alice: User, bob: User) -> None:
    holder = QuotaHolder(team=team, membership=team.memberships.get(user=bob))
    set_quota(holder=holder, rule=QuotaRule(cap=40, period="day"), actor=alice)
    clear_quota(holder=holder, actor=alice)
    until_complete()
    fan_out()
    told = {
        row.payload["type"]: row.payload["data"] for row in WebhookDelivery.objects.filter(kind__startswith="quota")
    }
    assert set(told) == {"quota.set", "quota.cleared"}
    assert told["quota.set"]["user"] == told["quota.cleared"]["user"] == bob.pk
    assert told["quota.set"]["after"]["cap"] == told["quota.cleared"]["before"]["cap"] == 40
    assert told["quota.set"]["links"]["self"].endswith("/api/v1/quotas")
    assert bob.email not in str(told)
