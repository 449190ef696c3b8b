"""The event stream of a real server process, read over a socket with an API key."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.client import HTTPConnection

import pytest
from django.db import connection, transaction

from generations.accounts import stream_access
from generations.accounts.api_keys import Caller, create_key, key_by_secret, revoke_key, rotate_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope
from generations.common.ids import uuid7
from generations.events.models import Event
from generations.events.record import record_event
from generations.events.streams.api_stream import MAX_STREAMS_PER_KEY

from .conftest import server
from .sse import Received, Stream, eventually

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING = (Scope.READ, Scope.MANAGE)
MakeKey = Callable[..., str]
OpenStream = Callable[..., Stream]


@pytest.fixture
def make_key(team: Team, member: Callable[[User, Team], Membership]) -> MakeKey:
    """Create a key and return its secret."""

    def go(user: User, *scopes: Scope, is_service: bool = False) -> str:
        wanted = scopes or EVERYTHING
        return create_key(membership=member(user, team), name="client", scopes=wanted, is_service=is_service).secret

    return go


@pytest.fixture
def open_stream(events_port: int) -> Iterator[OpenStream]:
    """Open a stream with a secret. It is closed at the end of the test."""
    with ExitStack() as streams:

        def go(secret: str, query: str = "", **headers: str) -> Stream:
            given = {"Authorization": f"Bearer {secret}"} if secret else {}
            return streams.enter_context(Stream(events_port, f"/api/v1/events{query}", **given, **headers))

        yield go


def grant(team: Team, amount: int) -> Event:
    return record_event("credits.grant", team_id=team.pk, amount=amount, reason="Internal.")


def generation(team: Team, kind: str, subject: object, author: User | None = None, **data: object) -> Event:
    actor = author.pk if author else None
    return record_event(f"generation.{kind}", team_id=team.pk, actor_id=actor, subject_id=subject, **data)


def next_of(stream: Stream, kind: str) -> Received:
    """Return the next event of the kind. With parallel tests the stream may start a little before now."""
    while (received := stream.next()).data["type"] != kind:
        pass
    return received


def amounts(stream: Stream, count: int) -> list[int]:
    return [next_of(stream, "credits.grant").data["data"]["amount"] for _ in range(count)]


def caller_of(secret: str) -> Caller:
    caller = key_by_secret(secret)
    assert caller is not None
    return caller


def problem(stream: Stream) -> tuple[int, str]:
    assert stream.response.headers["Content-Type"] == "application/problem+json"
    assert len(stream.response.headers["X-Request-Id"]) == 32
    body = json.loads(stream.response.read())
    assert body["status"] == stream.response.status
    return body["status"], body["code"]


def test_a_client_receives_events(make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team) -> None:
    stream = open_stream(make_key(alice))
    assert stream.response.status == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    event = grant(team, 500)
    received = next_of(stream, "credits.grant")
    assert received.id == f"{event.transaction}-{event.pk}"
    assert received.data["type"] == "credits.grant"
    assert received.data["data"]["amount"] == 500
    assert received.data["data"]["team"] == team.slug
    assert "reason" not in received.data["data"]


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_client_resumes_after_its_last_event(
    way: str, make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    secret = make_key(alice)
    with open_stream(secret) as stream:
        grant(team, 1)
        seen = next_of(stream, "credits.grant").id
    for amount in (2, 3, 4):
        grant(team, amount)
    again = open_stream(secret, Last_Event_ID=seen) if way == "header" else open_stream(secret, f"?after={seen}")
    assert amounts(again, 3) == [2, 3, 4]
    grant(team, 5)
    assert amounts(again, 1) == [5]


def test_all_past_events_can_be_read(make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team) -> None:
    for amount in range(1, 251):
        grant(team, amount)
    stream = open_stream(make_key(alice), "?after=0-0&kinds=credits.grant")
    assert amounts(stream, 250) == list(range(1, 251))


def test_an_idle_stream_sends_the_id_to_resume_from(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    secret = make_key(alice)
    with open_stream(secret) as stream:
        eventually(lambda: (stream._block() or {}).get("id") and stream.comments >= 2)
        where = (stream._block() or {})["id"]
    grant(team, 7)
    assert amounts(open_stream(secret, Last_Event_ID=where), 1) == [7]


def test_events_that_commit_late_are_not_skipped(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    stream = open_stream(make_key(alice))
    stream._block()
    recorded, may_commit = threading.Event(), threading.Event()

    def commit_late() -> None:
        try:
            with transaction.atomic():
                grant(team, 1)
                recorded.set()
                assert may_commit.wait(60)
        finally:
            connection.close()

    late = threading.Thread(target=commit_late)
    late.start()
    assert recorded.wait(30)
    grant(team, 2)
    eventually(lambda: stream._block() is not None and stream.comments >= 2)  # it has polled meanwhile
    may_commit.set()
    late.join(30)
    assert amounts(stream, 2) == [1, 2]


def test_kinds_can_be_selected(make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team) -> None:
    stream = open_stream(make_key(alice), "?kinds=credits.correction&kinds=member.deactivated")
    grant(team, 1)
    record_event("credits.correction", team_id=team.pk, amount=2)
    assert stream.next().data["type"] == "credits.correction"


def test_a_team_receives_only_its_own_events(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team, other_team: Team
) -> None:
    stream = open_stream(make_key(alice), "?kinds=credits.grant")
    grant(other_team, 1)
    grant(team, 2)
    assert amounts(stream, 1) == [2]


def test_a_creators_key_receives_own_jobs_and_finished_takes(
    make_key: MakeKey, open_stream: OpenStream, alice: User, bob: User, team: Team
) -> None:
    stream = open_stream(make_key(bob, Scope.READ))
    mine, theirs = uuid7(), uuid7()
    grant(team, 1)
    generation(team, "submitted", theirs, alice)
    generation(team, "failed", theirs)
    generation(team, "submitted", mine, bob, api_key=None)
    generation(team, "failed", mine)
    generation(team, "completed", theirs)
    received = [stream.next().data for _ in range(3)]
    assert [(event["type"], event["data"]["id"]) for event in received] == [
        ("generation.submitted", str(mine)),
        ("generation.failed", str(mine)),
        ("generation.completed", str(theirs)),
    ]


def test_a_service_key_receives_the_jobs_it_submitted(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    secret = make_key(alice, Scope.READ, Scope.GENERATE, is_service=True)
    stream = open_stream(secret)
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
def test_the_stream_of_an_ended_key_ends(
    end: Callable[[str], None], make_key: MakeKey, open_stream: OpenStream, bob: User
) -> None:
    secret = make_key(bob, Scope.READ)
    stream = open_stream(secret)
    stream._block()
    end(secret)
    assert stream.has_ended()
    assert problem(open_stream(secret)) == (401, "unauthenticated")


@pytest.mark.parametrize("secret", ["", "dly_nonsense", "x" * 5000])
def test_without_a_valid_key_it_responds_401(secret: str, open_stream: OpenStream) -> None:
    stream = open_stream(secret)
    assert problem(stream) == (401, "unauthenticated")
    assert stream.response.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_without_the_scope_read_gets_403(make_key: MakeKey, open_stream: OpenStream, bob: User) -> None:
    assert problem(open_stream(make_key(bob, Scope.GENERATE))) == (403, "forbidden")


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=1", f"?after={2**63}-1", "?kinds=everything", "?kinds=", "?kind=credits.grant"]
)
def test_invalid_parameters_get_422(query: str, make_key: MakeKey, open_stream: OpenStream, alice: User) -> None:
    assert problem(open_stream(make_key(alice), query)) == (422, "invalid")


def test_a_position_beyond_the_newest_starts_now(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    stream = open_stream(make_key(alice), f"?after={2**62}-1")
    stream._block()
    grant(team, 1)
    assert amounts(stream, 1) == [1]


def test_the_number_of_streams_per_key_is_limited(
    make_key: MakeKey, open_stream: OpenStream, alice: User, bob: User
) -> None:
    secret = make_key(alice)
    streams = [open_stream(secret) for _ in range(MAX_STREAMS_PER_KEY)]
    assert {stream.response.status for stream in streams} == {200}
    rejected = open_stream(secret)
    assert problem(rejected) == (429, "rate_limited")
    assert rejected.response.headers["Retry-After"] == "5"
    assert open_stream(make_key(bob, Scope.READ)).response.status == 200
    streams[0].close()
    eventually(lambda: open_stream(secret).response.status == 200)


def test_a_ticket_opens_the_stream_at_another_origin(
    make_key: MakeKey, open_stream: OpenStream, alice: User, team: Team
) -> None:
    secret = make_key(alice)
    stream = open_stream("", f"?ticket={stream_access.make_ticket(caller_of(secret))}")
    assert stream.response.status == 200
    stream._block()
    grant(team, 3)
    assert amounts(stream, 1) == [3]
    revoke(secret)
    assert stream.has_ended()
    assert problem(open_stream("", "?ticket=forged")) == (401, "unauthenticated")


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("DELETE", 405), ("OPTIONS", 204)])
def test_other_methods_are_rejected(method: str, status: int, events_port: int) -> None:
    connection = HTTPConnection("127.0.0.1", events_port, timeout=10)
    connection.request(method, "/api/v1/events")
    assert connection.getresponse().status == status
    connection.close()


def test_another_path_gets_404(events_port: int) -> None:
    with Stream(events_port, "/api/v1/anything") as stream:
        assert problem(stream) == (404, "not_found")


def test_without_valkey_it_polls(make_key: MakeKey, alice: User, team: Team) -> None:
    with (
        server(REDIS_URL="redis://127.0.0.1:1/0") as (port, _),
        Stream(port, "/api/v1/events", Authorization=f"Bearer {make_key(alice)}") as stream,
    ):
        stream._block()
        grant(team, 9)
        assert amounts(stream, 1) == [9]


def test_shutdown_ends_open_streams_cleanly(make_key: MakeKey, alice: User) -> None:
    secret = make_key(alice)
    with server() as (port, process):
        streams = [Stream(port, "/api/v1/events", Authorization=f"Bearer {secret}") for _ in range(3)]
        for stream in streams:
            stream._block()
        process.terminate()
        assert all(stream.has_ended() for stream in streams)
        assert process.wait(10) == 0
