"""The event stream as a program meets it: a real server process, over a socket, with an API key."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.client import HTTPConnection

import pytest
from django.db import connection, transaction

from generations.accounts import stream_access
from generations.accounts.callers import Caller
from generations.accounts.keys import create_key, key_by_secret, revoke_key, rotate_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope
from generations.common.ids import uuid7
from generations.events.models import Event
from generations.events.record import record_event
from generations.events.streams.api_stream import MAX_STREAMS_PER_KEY

from .conftest import server
from .wire import Received, Stream, eventually

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING = (Scope.READ, Scope.MANAGE)
Make = Callable[..., str]
Listen = Callable[..., Stream]


@pytest.fixture
def make_key(team: Team, member: Callable[[User, Team], Membership]) -> Make:
    """Make somebody a key and return its secret."""

    def go(user: User, *scopes: Scope, is_service: bool = False) -> str:
        wanted = scopes or EVERYTHING
        return create_key(membership=member(user, team), name="program", scopes=wanted, is_service=is_service).secret

    return go


@pytest.fixture
def listen(events_port: int) -> Iterator[Listen]:
    """Open the stream with a secret, until the end of the test."""
    with ExitStack() as streams:

        def go(secret: str, query: str = "", **headers: str) -> Stream:
            given = {"Authorization": f"Bearer {secret}"} if secret else {}
            return streams.enter_context(Stream(events_port, f"/api/v1/events{query}", **given, **headers))

        yield go


def grant(team: Team, amount: int) -> Event:
    return record_event("credits.grant", team_id=team.pk, amount=amount, reason="Not for programs.")


def generation(team: Team, kind: str, subject: object, author: User | None = None, **data: object) -> Event:
    actor = author.pk if author else None
    return record_event(f"generation.{kind}", team_id=team.pk, actor_id=actor, subject_id=subject, **data)


def next_of(stream: Stream, kind: str) -> Received:
    """The next event of the kind. Where tests run beside each other, `from now on` may begin a little earlier."""
    while (told := stream.next()).data["type"] != kind:
        pass
    return told


def amounts(stream: Stream, count: int) -> list[int]:
    return [next_of(stream, "credits.grant").data["data"]["amount"] for _ in range(count)]


def caller_of(secret: str) -> Caller:
    caller = key_by_secret(secret)
    assert caller is not None
    return caller


def problem(stream: Stream) -> tuple[int, str]:
    assert stream.answer.headers["Content-Type"] == "application/problem+json"
    assert len(stream.answer.headers["X-Request-Id"]) == 32
    body = json.loads(stream.answer.read())
    assert body["status"] == stream.answer.status
    return body["status"], body["code"]


def test_a_program_is_told_what_happens(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    stream = listen(make_key(alice))
    assert stream.answer.status == 200
    assert stream.answer.headers["Content-Type"] == "text/event-stream"
    assert stream.answer.headers["X-Accel-Buffering"] == "no"
    event = grant(team, 500)
    told = next_of(stream, "credits.grant")
    assert told.id == f"{event.transaction}-{event.pk}"
    assert told.data["type"] == "credits.grant"
    assert told.data["data"]["amount"] == 500
    assert told.data["data"]["team"] == team.slug
    assert "reason" not in told.data["data"]


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_program_goes_on_where_it_left(way: str, make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    secret = make_key(alice)
    with listen(secret) as stream:
        grant(team, 1)
        seen = next_of(stream, "credits.grant").id
    for amount in (2, 3, 4):
        grant(team, amount)
    again = listen(secret, Last_Event_ID=seen) if way == "header" else listen(secret, f"?after={seen}")
    assert amounts(again, 3) == [2, 3, 4]
    grant(team, 5)
    assert amounts(again, 1) == [5]


def test_the_whole_past_can_be_read(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    for amount in range(1, 251):
        grant(team, amount)
    stream = listen(make_key(alice), "?after=0-0&kinds=credits.grant")
    assert amounts(stream, 250) == list(range(1, 251))


def test_an_idle_stream_says_where_to_go_on(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    secret = make_key(alice)
    with listen(secret) as stream:
        eventually(lambda: (stream._block() or {}).get("id") and stream.comments >= 2)
        where = (stream._block() or {})["id"]
    grant(team, 7)
    assert amounts(listen(secret, Last_Event_ID=where), 1) == [7]


def test_what_commits_late_is_not_passed_over(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    stream = listen(make_key(alice))
    stream._block()
    told, may_commit = threading.Event(), threading.Event()

    def commit_late() -> None:
        try:
            with transaction.atomic():
                grant(team, 1)
                told.set()
                assert may_commit.wait(60)
        finally:
            connection.close()

    late = threading.Thread(target=commit_late)
    late.start()
    assert told.wait(30)
    grant(team, 2)
    eventually(lambda: stream._block() is not None and stream.comments >= 2)  # it has looked meanwhile
    may_commit.set()
    late.join(30)
    assert amounts(stream, 2) == [1, 2]


def test_kinds_can_be_chosen(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    stream = listen(make_key(alice), "?kinds=credits.correction&kinds=member.deactivated")
    grant(team, 1)
    record_event("credits.correction", team_id=team.pk, amount=2)
    assert stream.next().data["type"] == "credits.correction"


def test_teams_hear_only_their_own(make_key: Make, listen: Listen, alice: User, team: Team, other_team: Team) -> None:
    stream = listen(make_key(alice), "?kinds=credits.grant")
    grant(other_team, 1)
    grant(team, 2)
    assert amounts(stream, 1) == [2]


def test_a_creators_key_hears_of_their_own_jobs_and_of_finished_takes(
    make_key: Make, listen: Listen, alice: User, bob: User, team: Team
) -> None:
    stream = listen(make_key(bob, Scope.READ))
    mine, theirs = uuid7(), uuid7()
    grant(team, 1)
    generation(team, "submitted", theirs, alice)
    generation(team, "failed", theirs)
    generation(team, "submitted", mine, bob, api_key=None)
    generation(team, "failed", mine)
    generation(team, "completed", theirs)
    heard = [stream.next().data for _ in range(3)]
    assert [(told["type"], told["data"]["id"]) for told in heard] == [
        ("generation.submitted", str(mine)),
        ("generation.failed", str(mine)),
        ("generation.completed", str(theirs)),
    ]


def test_a_service_key_follows_what_it_submitted_itself(
    make_key: Make, listen: Listen, alice: User, team: Team
) -> None:
    secret = make_key(alice, Scope.READ, Scope.GENERATE, is_service=True)
    stream = listen(secret)
    generation(team, "submitted", uuid7(), alice)
    own = uuid7()
    generation(team, "submitted", own, alice, api_key=str(caller_of(secret).key.pk))
    assert stream.next().data["data"]["id"] == str(own)


def revoke(secret: str) -> None:
    caller = caller_of(secret)
    revoke_key(key=caller.key, actor=caller.user)


def rotate(secret: str) -> None:
    caller = caller_of(secret)
    rotate_key(key=caller.key, actor=caller.user, overlap=timedelta(0))


def leave(secret: str) -> None:
    Membership.objects.filter(pk=caller_of(secret).membership.pk).delete()


@pytest.mark.parametrize("end", [revoke, rotate, leave])
def test_the_stream_of_a_key_that_ended_ends(
    end: Callable[[str], None], make_key: Make, listen: Listen, bob: User
) -> None:
    secret = make_key(bob, Scope.READ)
    stream = listen(secret)
    stream._block()
    end(secret)
    assert stream.has_ended()
    assert problem(listen(secret)) == (401, "unauthenticated")


@pytest.mark.parametrize("secret", ["", "dly_nonsense", "x" * 5000])
def test_without_a_key_there_is_no_stream(secret: str, listen: Listen) -> None:
    stream = listen(secret)
    assert problem(stream) == (401, "unauthenticated")
    assert stream.answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_that_may_not_read_is_refused(make_key: Make, listen: Listen, bob: User) -> None:
    assert problem(listen(make_key(bob, Scope.GENERATE))) == (403, "forbidden")


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=1", f"?after={2**63}-1", "?kinds=everything", "?kinds=", "?kind=credits.grant"]
)
def test_what_does_not_fit_is_told(query: str, make_key: Make, listen: Listen, alice: User) -> None:
    assert problem(listen(make_key(alice), query)) == (422, "invalid")


def test_a_place_from_another_database_means_from_now_on(
    make_key: Make, listen: Listen, alice: User, team: Team
) -> None:
    stream = listen(make_key(alice), f"?after={2**62}-1")
    stream._block()
    grant(team, 1)
    assert amounts(stream, 1) == [1]


def test_a_key_has_so_many_streams_and_no_more(make_key: Make, listen: Listen, alice: User, bob: User) -> None:
    secret = make_key(alice)
    streams = [listen(secret) for _ in range(MAX_STREAMS_PER_KEY)]
    assert {stream.answer.status for stream in streams} == {200}
    refused = listen(secret)
    assert problem(refused) == (429, "rate_limited")
    assert refused.answer.headers["Retry-After"] == "5"
    assert listen(make_key(bob, Scope.READ)).answer.status == 200
    streams[0].leave()
    eventually(lambda: listen(secret).answer.status == 200)


def test_a_ticket_opens_the_stream_at_another_address(make_key: Make, listen: Listen, alice: User, team: Team) -> None:
    secret = make_key(alice)
    stream = listen("", f"?ticket={stream_access.make_ticket(caller_of(secret))}")
    assert stream.answer.status == 200
    stream._block()
    grant(team, 3)
    assert amounts(stream, 1) == [3]
    revoke(secret)
    assert stream.has_ended()
    assert problem(listen("", "?ticket=forged")) == (401, "unauthenticated")


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("DELETE", 405), ("OPTIONS", 204)])
def test_only_get_is_answered(method: str, status: int, events_port: int) -> None:
    connection = HTTPConnection("127.0.0.1", events_port, timeout=10)
    connection.request(method, "/api/v1/events")
    assert connection.getresponse().status == status
    connection.close()


def test_another_address_is_nothing(events_port: int) -> None:
    with Stream(events_port, "/api/v1/anything") as stream:
        assert problem(stream) == (404, "not_found")


def test_without_valkey_it_looks_by_itself(make_key: Make, alice: User, team: Team) -> None:
    with (
        server(REDIS_URL="redis://127.0.0.1:1/0") as (port, _),
        Stream(port, "/api/v1/events", Authorization=f"Bearer {make_key(alice)}") as stream,
    ):
        stream._block()
        grant(team, 9)
        assert amounts(stream, 1) == [9]


def test_a_deploy_ends_open_streams_properly(make_key: Make, alice: User) -> None:
    secret = make_key(alice)
    with server() as (port, process):
        streams = [Stream(port, "/api/v1/events", Authorization=f"Bearer {secret}") for _ in range(3)]
        for stream in streams:
            stream._block()
        process.terminate()
        assert all(stream.has_ended() for stream in streams)
        assert process.wait(10) == 0
