"""Events as a list, and the way from there to the stream."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from generations.accounts import stream_access
from generations.accounts.models import Team, User
from generations.accounts.roles import Scope
from generations.events.record import record_event
from tests.events.webhooks.conftest import wait_until_complete

from .conftest import Program

pytestmark = pytest.mark.django_db(transaction=True)


def grant(team: Team, *amounts: int) -> None:
    for amount in amounts:
        record_event("credits.grant", team_id=team.pk, amount=amount, reason="Not for programs.")
    wait_until_complete()


def amounts(page: dict[str, list[dict[str, dict[str, int]]]]) -> list[int]:
    return [event["data"]["amount"] for event in page["data"]]


def test_events_are_paginated(program: Callable[..., Program], alice: User, team: Team) -> None:
    reader = program(alice)
    grant(team, 1, 2, 3)
    first = reader.get("/events", kinds="credits.grant", limit=2).json()
    assert amounts(first) == [1, 2]
    assert first["next_cursor"] == first["data"][-1]["id"]
    second = reader.get("/events", kinds="credits.grant", cursor=first["next_cursor"]).json()
    assert amounts(second) == [3]
    assert second["next_cursor"] is None
    grant(team, 4)
    assert amounts(reader.get("/events", kinds="credits.grant", cursor=second["data"][-1]["id"]).json()) == [4]
    assert "reason" not in first["data"][0]["data"]


def test_a_key_lists_what_its_user_may_see(program: Callable[..., Program], alice: User, bob: User, team: Team) -> None:
    grant(team, 1)
    assert "credits.grant" in {event["type"] for event in program(alice).get("/events").json()["data"]}
    assert program(bob).get("/events").json()["data"] == []
    assert program(alice, Scope.READ).get("/events").json()["data"] == []


def test_a_key_without_read_gets_no_events(
    program: Callable[..., Program], stranger: Program, anonymous: Program, alice: User, team: Team
) -> None:
    grant(team, 1)
    assert anonymous.get("/events").status_code == 401
    assert program(alice, Scope.GENERATE).get("/events").status_code == 403
    assert "credits.grant" not in {event["type"] for event in stranger.get("/events").json()["data"]}


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"cursor": f"{2**63}-1"}, {"kinds": "nonsense"}, {"limit": 0}])
def test_what_does_not_fit_is_refused(query: dict[str, object], program: Callable[..., Program], alice: User) -> None:
    assert program(alice).get("/events", **query).status_code == 422


def test_a_stream_request_is_redirected_with_a_ticket(
    program: Callable[..., Program], alice: User, settings: Settings
) -> None:
    settings.EVENTS_PORT = 8001
    reader = program(alice)
    answer = reader._client.get("/api/v1/events?kinds=credits.grant", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 307
    target = urlsplit(answer["Location"])
    query = parse_qs(target.query)
    assert (target.netloc, target.path, query["kinds"]) == ("testserver:8001", "/api/v1/events", ["credits.grant"])
    assert stream_access.authorize_subscriber("", query["ticket"][0]).team_slug == "lighthouse"
    assert answer["Cache-Control"] == "no-store"
    settings.EVENTS_PORT = None
    assert reader._client.get("/api/v1/events", headers={"Accept": "text/event-stream"}).status_code == 503


def test_a_page_costs_three_queries(
    program: Callable[..., Program], alice: User, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reader = program(alice)
    grant(team, *range(20))
    reader.get("/events")
    with django_assert_num_queries(3):
        assert len(reader.get("/events", kinds="credits.grant").json()["data"]) == 20
