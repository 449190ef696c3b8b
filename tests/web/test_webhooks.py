"""The webhook pages: create, change, test, enable, disable, and the log, with and without htmx."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from generations.accounts.models import Team, User
from generations.common.clock import database_time
from generations.events.models import (
    DeliveryAttempt,
    DeliveryState,
    EndpointState,
    Event,
    WebhookDelivery,
    WebhookEndpoint,
)
from generations.events.record import record_event
from generations.events.webhooks.endpoints import create_endpoint

from .pages import HTMX, form_values, links, words

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.com/dailies"
Open = Callable[[User], Client]


@pytest.fixture
def page(team: Team) -> str:
    return f"/t/{team.slug}/webhooks/"


@pytest.fixture
def endpoint(team: Team, alice: User) -> WebhookEndpoint:
    return create_endpoint(team_id=team.pk, actor_id=alice.pk, url=HOOK, description="Slack")


def deliver(
    endpoint: WebhookEndpoint, state: DeliveryState = DeliveryState.FAILED, **changes: object
) -> WebhookDelivery:
    event = record_event("credits.grant", team_id=endpoint.team_id, amount=1)
    payload = {"type": "credits.grant", "timestamp": "2026-01-15T10:00:00.000Z", "data": {"amount": 1}}
    values = {"attempt_count": 10, "next_attempt_at": None, "finished_at": event.created_at, **changes}
    made = WebhookDelivery.objects.create(
        endpoint=endpoint, event=event, kind=event.kind, payload=payload, state=state, **values
    )
    DeliveryAttempt.objects.create(delivery=made, status=503, response="Back <soon>.", milliseconds=12)
    return made


def test_empty_list_explains_webhooks(client_of: Open, alice: User, page: str) -> None:
    response = client_of(alice).get(page)
    assert response.status_code == 200
    assert "No webhooks yet" in words(response)
    assert f"{page}new" in links(response)


def test_webhook_can_be_created(client_of: Open, alice: User, page: str, team: Team) -> None:
    client = client_of(alice)
    form = form_values(client.get(f"{page}new"), url=HOOK, kinds=["generation.completed"], description="Slack")
    response = client.post(f"{page}new", form, follow=True)
    made = WebhookEndpoint.objects.get()
    assert response.redirect_chain[-1][0] == f"{page}{made.pk}/"
    assert (made.team, made.created_by, made.url, made.kinds) == (team, alice, HOOK, ["generation.completed"])
    assert made.secret in response.content.decode()
    assert made.secret not in made.encrypted_secret
    assert response["Cache-Control"] == "no-store"
    assert HOOK in words(client.get(page))
    audit = Event.objects.get(kind="webhook.created")
    assert audit.is_audit
    assert made.secret not in str(audit.data)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"url": ""}, "Enter a URL."),
        ({"url": "ftp://hooks.example.com"}, "must begin with https://"),
        ({"url": "https://"}, "needs a host name"),
        ({"url": "https://user:word@hooks.example.com"}, "must not contain a user name"),
        ({"url": "https://hooks.example.com/#part"}, "fragment (#…)"),
        ({"url": "https://[::"}, "Enter a valid https:// URL."),
        ({"url": "https://hooks.example.com/\x00"}, "Null characters"),
        ({"url": f"https://hooks.example.com/{'x' * 500}"}, "at most 500 characters"),
        ({"url": HOOK, "kinds": ["gate.probed"]}, "not one of the available choices"),
        ({"url": HOOK, "description": "x" * 121}, "at most 120 characters"),
    ],
)
def test_invalid_form_shows_the_error_at_its_field(
    form: dict[str, object], says: str, client_of: Open, alice: User, page: str
) -> None:
    response = client_of(alice).post(f"{page}new", form)
    assert response.status_code == 422
    assert says in words(response)
    assert not WebhookEndpoint.objects.exists()


def test_number_of_webhooks_is_limited(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    for _ in range(19):
        create_endpoint(team_id=endpoint.team_id, actor_id=alice.pk, url=HOOK)
    response = client_of(alice).post(f"{page}new", {"url": HOOK})
    assert response.status_code == 422
    assert "at most 20 webhooks" in words(response)


def test_webhook_can_be_changed(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    client = client_of(alice)
    form = form_values(client.get(f"{page}{endpoint.pk}/edit"), url=f"{HOOK}/2", kinds=["member.added"])
    assert client.post(f"{page}{endpoint.pk}/edit", form).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.kinds) == (f"{HOOK}/2", ["member.added"])
    assert client.post(f"{page}{endpoint.pk}/edit", {"url": "x"}).status_code == 422


def test_enabling_sends_queued_events(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    client, one = client_of(alice), f"{page}{endpoint.pk}/"
    later = database_time(timedelta(hours=5))
    waiting = deliver(endpoint, DeliveryState.PENDING, attempt_count=3, next_attempt_at=later, finished_at=None)
    client.post(f"{one}off")
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.OFF
    assert "Turned off by a manager" in words(client.get(one))
    WebhookEndpoint.objects.update(failing_since=database_time(timedelta(hours=-1)))
    assert "Webhook enabled. Queued events are being sent." in words(client.post(f"{one}on", follow=True))
    endpoint.refresh_from_db()
    waiting.refresh_from_db()
    assert (endpoint.state, endpoint.failing_since) == (EndpointState.ON, None)
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at < waiting.created_at + timedelta(hours=1)


def test_unreadable_secret_can_be_replaced(client_of: Open, alice: User, endpoint: WebhookEndpoint, page: str) -> None:
    client = client_of(alice)
    WebhookEndpoint.objects.update(encrypted_secret="sealed under another key")
    shown = client.get(f"{page}{endpoint.pk}/")
    assert "Secret unavailable because the site key changed." in words(shown)
    response = client.post(f"{page}{endpoint.pk}/rotate", follow=True)
    assert WebhookEndpoint.objects.get().secret in response.content.decode()


def test_rotated_secret_stays_valid_for_a_day(
    client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint
) -> None:
    before = endpoint.secret
    response = client_of(alice).post(f"{page}{endpoint.pk}/rotate", follow=True)
    endpoint.refresh_from_db()
    assert endpoint.old_secret == before != endpoint.secret
    assert endpoint.old_secret_until is not None
    assert endpoint.secret in response.content.decode()
    assert before not in response.content.decode()


def test_test_delivery_row_polls_until_it_has_a_result(
    client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint
) -> None:
    client, one = client_of(alice), f"{page}{endpoint.pk}/"
    response = client.post(f"{one}test", **HTMX)
    made = WebhookDelivery.objects.get()
    row = f"{one}deliveries/{made.pk}/row"
    assert (made.kind, made.event, made.state) == ("webhook.test", None, DeliveryState.PENDING)
    assert f'hx-get="{row}"' in response.content.decode()
    assert "<html" not in response.content.decode()
    WebhookDelivery.objects.update(state=DeliveryState.DELIVERED, attempt_count=1, next_attempt_at=None)
    response = client.get(row, **HTMX)
    assert "Delivered" in words(response)
    assert "hx-trigger" not in response.content.decode()
    assert client.post(f"{one}test")["Location"].startswith(f"{one}deliveries/")


def test_delivery_shows_its_attempts_and_can_be_resent(
    client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint
) -> None:
    client, given_up = client_of(alice), deliver(endpoint)
    address = f"{page}{endpoint.pk}/deliveries/{given_up.pk}/"
    response = client.get(address)
    assert "503" in words(response)
    assert "Back <soon>." in words(response)
    assert "Back <soon>." not in response.content.decode()
    assert '"amount": 1' in words(response)
    assert "Delivery queued again." in words(client.post(f"{address}again", follow=True))
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempt_count, given_up.finished_at) == (DeliveryState.PENDING, 0, None)
    WebhookEndpoint.objects.update(state=EndpointState.OFF)
    assert "Turn it on first" in words(client.post(f"{address}again", follow=True))


def test_log_can_be_filtered_and_paged(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    for _ in range(26):
        deliver(endpoint)
    deliver(endpoint, DeliveryState.DELIVERED)
    client, one = client_of(alice), f"{page}{endpoint.pk}/"
    assert words(client.get(f"{one}?state=delivered")).count("credits.grant") == 1
    first = client.get(f"{one}?state=failed")
    assert words(first).count("credits.grant") == 25
    [more] = {link for link in links(first) if "after=" in link}
    second = client.get(f"{one}{more}", **HTMX)
    assert words(second).count("credits.grant") == 1
    assert "<html" not in second.content.decode()
    assert words(client.get(f"{one}?state=nonsense")).count("credits.grant") == 25
    assert client.get(f"{one}?after=nonsense").status_code == 400


def test_failed_deliveries_can_be_resent(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    recent, old, well = deliver(endpoint), deliver(endpoint), deliver(endpoint, DeliveryState.DELIVERED)
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=database_time(timedelta(days=-2)))
    response = client_of(alice).post(f"{page}{endpoint.pk}/recover", {"hours": "24"}, follow=True)
    assert "1 failed delivery queued again." in words(response)
    states = dict(WebhookDelivery.objects.values_list("pk", "state"))
    assert states == {recent.pk: "pending", old.pk: "failed", well.pk: "delivered"}


def test_webhook_can_be_deleted(client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint) -> None:
    deliver(endpoint)
    response = client_of(alice).post(f"{page}{endpoint.pk}/delete", follow=True)
    assert "Webhook and its log deleted." in words(response)
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()
    assert Event.objects.filter(kind="webhook.deleted").exists()


def test_unknown_objects_are_a_404(
    client_of: Open, alice: User, page: str, endpoint: WebhookEndpoint, other_team: Team
) -> None:
    client = client_of(alice)
    theirs = create_endpoint(team_id=other_team.pk, actor_id=alice.pk, url=HOOK)
    for address in (f"{page}{uuid4()}/", f"{page}{theirs.pk}/", f"{page}{endpoint.pk}/deliveries/{uuid4()}/"):
        assert client.get(address).status_code == 404
    assert client.post(f"{page}{endpoint.pk}/explode").status_code == 404
    assert client.get(f"{page}{endpoint.pk}/off").status_code == 405


def test_menu_links_to_the_page_for_managers(client_of: Open, alice: User, bob: User, page: str, team: Team) -> None:
    assert page in links(client_of(alice).get(f"/t/{team.slug}/gallery/"))
    assert page not in links(client_of(bob).get(f"/t/{team.slug}/gallery/"))
