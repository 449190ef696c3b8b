"""Webhooks by API: the whole life of one, and who has no part in it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.events.models import DeliveryAttempt, DeliveryState, WebhookDelivery, WebhookEndpoint
from generations.events.record import record_event
from generations.events.webhooks.endpoints import create_endpoint

from .conftest import Program

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.com:60123/dailies?team=1"


@pytest.fixture
def manager(program: Callable[..., Program], alice: User) -> Program:
    return program(alice, Scope.MANAGE)


@pytest.fixture
def endpoint(team: Team, alice: User) -> WebhookEndpoint:
    return create_endpoint(team_id=team.pk, actor_id=alice.pk, url=HOOK)


def give_up(endpoint: WebhookEndpoint) -> WebhookDelivery:
    event = record_event("credits.grant", team_id=endpoint.team_id, amount=1)
    body = {"type": "credits.grant", "timestamp": "t", "data": {"amount": 1}}
    made = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event=event,
        kind=event.kind,
        payload=body,
        state=DeliveryState.FAILED,
        attempt_count=10,
        next_attempt_at=None,
    )
    DeliveryAttempt.objects.create(delivery=made, error="No connection (ConnectError).", milliseconds=3)
    return made


def test_create_read_change_and_delete(manager: Program, team: Team, alice: User) -> None:
    answer = manager.post("/webhooks", {"url": HOOK, "kinds": ["generation.completed"], "description": "Slack"})
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["kinds"], made["url"]) == ("on", ["generation.completed"], HOOK)
    stored = WebhookEndpoint.objects.get()
    assert (stored.team, stored.created_by) == (team, alice)
    one = f"/webhooks/{made['id']}"
    assert manager.get(one).json() == made
    changed = manager.send("patch", one, {"kinds": []}).json()
    assert (changed["kinds"], changed["description"]) == ([], "Slack")
    listed = manager.get("/webhooks").json()
    assert [row["id"] for row in listed["data"]] == [made["id"]]
    assert "secret" not in listed["data"][0]
    assert manager.send("delete", one).status_code == 204
    assert manager.get(one).status_code == 404


def test_switch_on_and_off_and_rotate_the_secret(manager: Program, endpoint: WebhookEndpoint) -> None:
    one = f"/webhooks/{endpoint.pk}"
    off = manager.post(f"{one}/off").json()
    assert off["state"] == "off"
    assert manager.post(f"{one}/test").status_code == 409
    assert manager.post(f"{one}/on").json()["state"] == "on"
    rotated = manager.post(f"{one}/rotate", {"overlap_hours": 1}).json()
    assert rotated["secret"] != endpoint.secret
    assert rotated["old_secret_until"] is not None


def test_send_a_test_and_read_its_delivery(manager: Program, endpoint: WebhookEndpoint) -> None:
    answer = manager.post(f"/webhooks/{endpoint.pk}/test")
    assert answer.status_code == 202
    queued = answer.json()
    assert (queued["type"], queued["state"], queued["tries"]) == ("webhook.test", "pending", 0)
    detail = manager.get(f"/webhooks/{endpoint.pk}/deliveries/{queued['id']}").json()
    assert detail["payload"]["type"] == "webhook.test"
    assert detail["log"] == []


def test_read_the_log_and_resend_failed_deliveries(manager: Program, endpoint: WebhookEndpoint) -> None:
    one, other = give_up(endpoint), give_up(endpoint)
    log = f"/webhooks/{endpoint.pk}/deliveries"
    first = manager.get(log, limit=1, state="failed").json()
    second = manager.get(log, limit=1, cursor=first["next_cursor"]).json()
    assert [row["id"] for page in (first, second) for row in page["data"]] == [str(other.pk), str(one.pk)]
    assert second["next_cursor"] is None
    detail = manager.get(f"{log}/{one.pk}").json()
    assert detail["log"][0]["error"].startswith("No connection")
    assert detail["log"][0]["status"] is None
    again = manager.post(f"{log}/{one.pk}/again")
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    recovered = manager.post(f"/webhooks/{endpoint.pk}/recover", {"since": "2020-01-01T00:00:00Z"})
    assert (recovered.status_code, recovered.json()) == (202, {"count": 1})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "nonsense"},
        {"url": "ftp://hooks.example.com/"},
        {"url": "https://user@hooks.example.com/"},
        {"url": "https://hooks.example.com/#x"},
        {"url": "https://hooks.example.com/\x00"},
        {"url": "https://[::1]/"},
        {"url": HOOK, "kinds": ["gate.probed"]},
        {"url": HOOK, "kinds": "generation.completed"},
        {"url": HOOK, "description": "x" * 121},
        {"url": HOOK, "colour": "red"},
    ],
)
def test_what_does_not_fit_is_refused(body: object, manager: Program) -> None:
    answer = manager.post("/webhooks", body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert not WebhookEndpoint.objects.exists()


def test_the_number_of_webhooks_is_limited(manager: Program, endpoint: WebhookEndpoint, alice: User) -> None:
    for _ in range(19):
        create_endpoint(team_id=endpoint.team_id, actor_id=alice.pk, url=HOOK)
    assert manager.post("/webhooks", {"url": HOOK}).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", ""),
        ("get", "/{id}"),
        ("patch", "/{id}"),
        ("delete", "/{id}"),
        ("post", "/{id}/on"),
        ("post", "/{id}/off"),
        ("post", "/{id}/rotate"),
        ("post", "/{id}/test"),
        ("post", "/{id}/recover"),
        ("get", "/{id}/deliveries"),
        ("get", "/{id}/deliveries/{delivery}"),
        ("post", "/{id}/deliveries/{delivery}/again"),
    ],
)
def test_only_team_managers_have_access(
    method: str,
    path: str,
    program: Callable[..., Program],
    stranger: Program,
    anonymous: Program,
    alice: User,
    bob: User,
    endpoint: WebhookEndpoint,
) -> None:
    delivery = give_up(endpoint)
    address = f"/webhooks{path.format(id=endpoint.pk, delivery=delivery.pk)}"
    nothing = f"/webhooks{path.format(id=uuid4(), delivery=uuid4())}"
    bodies = {"": {"url": HOOK}, "/{id}": {"description": "x"}, "/{id}/rotate": {"overlap_hours": 1}}
    body = {**bodies, "/{id}/recover": {"since": "2020-01-01T00:00:00Z"}}.get(path) if method != "get" else None
    assert anonymous.send(method, address, body).status_code == 401
    assert program(alice, Scope.READ, Scope.GENERATE).send(method, address, body).status_code == 403
    assert program(bob).send(method, address, body).status_code == 403
    if path:
        theirs, missing = stranger.send(method, address, body), stranger.send(method, nothing, body)
        assert (theirs.status_code, theirs.content) == (missing.status_code, missing.content)
        assert theirs.status_code == 404
    elif method == "get":
        assert stranger.send(method, address).json()["data"] == []
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.description) == ("on", "")


def test_the_list_has_a_constant_number_of_queries(
    manager: Program, endpoint: WebhookEndpoint, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    manager.get("/webhooks")
    for _ in range(3):
        give_up(endpoint)
    with django_assert_num_queries(4):
        assert len(manager.get(f"/webhooks/{endpoint.pk}/deliveries").json()["data"]) == 3
