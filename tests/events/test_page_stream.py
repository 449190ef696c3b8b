"""The page stream of a real server process, read over a socket."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import redis

from generations.accounts.models import Team, User
from generations.events.live import announce
from generations.events.streams.feed import stream_key

from .conftest import Connect
from .sse import Stream, eventually

pytestmark = pytest.mark.django_db(transaction=True)


def publish(team: Team, state: str = "processing") -> UUID:
    subject = uuid4()
    announce(team_id=team.pk, kind="generation", subject_id=subject, state=state, author_id=1)
    return subject


def test_a_member_receives_changes(connect: Connect, bob: User, team: Team) -> None:
    stream = connect(bob, team)
    assert stream.response.status == 200
    opening = stream.next()
    assert (opening.name, opening.data) == ("sync", {"complete": False})
    assert 2000 <= int(stream.retry) <= 5000
    subject = publish(team, "saving")
    event = stream.next()
    assert event.name == ""
    assert event.data == {"kind": "generation", "subject_id": str(subject), "state": "saving", "author_id": 1}


def test_the_headers_prevent_caching_and_buffering(connect: Connect, bob: User, team: Team) -> None:
    headers = connect(bob, team).response.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_every_role_may_subscribe(connect: Connect, alice: User, bob: User, rita: User, team: Team) -> None:
    streams = [connect(user, team) for user in (alice, bob, rita)]
    assert [stream.next().name for stream in streams] == ["sync"] * 3
    subject = publish(team)
    assert [stream.next().data["subject_id"] for stream in streams] == [str(subject)] * 3


def test_outsiders_get_404_as_for_an_unknown_team(connect: Connect, charlie: User, bob: User, team: Team) -> None:
    streams = [connect(charlie, team), connect(None, team), connect(bob, "nowhere"), connect(bob, "../events")]
    assert {stream.response.status for stream in streams} == {404}
    assert {stream.response.read() for stream in streams} == {b'{"status": "not_found"}'}


def test_an_invalid_cookie_gets_404(events_port: int, team: Team) -> None:
    for cookie in ("sessionid=forged", "sessionid=", "sessionid=" + "x" * 3000, "sessionid=%00", "=;;=", "a=b"):
        with Stream(events_port, f"/events/{team.slug}", Cookie=cookie) as stream:
            assert stream.response.status == 404


def test_a_team_receives_only_its_own_hints(
    connect: Connect, bob: User, charlie: User, team: Team, other_team: Team
) -> None:
    ours, theirs = connect(bob, team), connect(charlie, other_team)
    assert ours.next().name == theirs.next().name == "sync"
    first, second = publish(team), publish(other_team)
    third = publish(team)
    assert theirs.next().data["subject_id"] == str(second)
    assert [ours.next().data["subject_id"] for _ in range(2)] == [str(first), str(third)]


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_client_resumes_after_its_last_event(way: str, connect: Connect, bob: User, team: Team) -> None:
    with connect(bob, team) as stream:
        stream.next()
        publish(team)
        seen = stream.next().id
    missed = [str(publish(team)) for _ in range(3)]
    again = connect(bob, team, Last_Event_ID=seen) if way == "header" else connect(bob, team, f"?after={seen}")
    assert again.next().data == {"complete": True}
    assert [again.next().data["subject_id"] for _ in range(3)] == missed
    later = publish(team)
    assert again.next().data["subject_id"] == str(later)


def test_a_client_resumes_from_the_opening_event(connect: Connect, bob: User, team: Team) -> None:
    publish(team)
    with connect(bob, team) as stream:
        opening = stream.next().id
    missed = publish(team)
    again = connect(bob, team, Last_Event_ID=opening)
    assert again.next().data == {"complete": True}
    assert again.next().data["subject_id"] == str(missed)


@pytest.mark.parametrize("last", ["1-0", "99999999999999-0", "x", "1", "-", "1-0-0", "٣-٣", "9" * 5000 + "-0"])
def test_a_client_with_an_unknown_position_must_reload(
    last: str, events_port: int, session_of: Callable[[User], str], bob: User, team: Team
) -> None:
    publish(team)
    headers = {"Cookie": f"sessionid={session_of(bob)}", "Last-Event-ID": last.encode().decode("latin-1")}
    with Stream(events_port, f"/events/{team.slug}", **headers) as stream:
        assert stream.next().data == {"complete": False}
        subject = publish(team)
        assert stream.next().data["subject_id"] == str(subject)


def test_an_idle_stream_gets_heartbeats(connect: Connect, bob: User, team: Team) -> None:
    stream = connect(bob, team)
    stream.next()

    def beats() -> bool:
        stream._block()
        return stream.comments >= 3

    eventually(beats)


def test_clients_of_a_team_share_one_reader_which_ends_with_them(
    connect: Connect, readers: Callable[[], list[int]], bob: User, team: Team
) -> None:
    streams = [connect(bob, team) for _ in range(8)]
    for stream in streams:
        stream.next()
    eventually(lambda: len(readers()) == 1)
    for stream in streams:
        stream.close()
    eventually(lambda: readers() == [])


def test_clients_must_reload_after_valkey_was_lost(
    connect: Connect, readers: Callable[[], list[int]], valkey: redis.Redis, bob: User, team: Team
) -> None:
    stream = connect(bob, team)
    stream.next()
    eventually(lambda: len(readers()) == 1)
    for reader in readers():
        valkey.client_kill_filter(_id=str(reader))
    received = stream.next()
    assert (received.name, received.data) == ("sync", {"complete": False})
    subject = publish(team)
    assert stream.next().data["subject_id"] == str(subject)


def test_a_slow_client_is_disconnected_and_resumes(
    connect: Connect, valkey: redis.Redis, bob: User, rita: User, team: Team
) -> None:
    slow, quick = connect(bob, team, receive_buffer=65_536), connect(rita, team)
    slow.next()
    quick.next()
    for number in range(600):  # 24 MB, more than the feed and any socket buffer
        valkey.xadd(stream_key(team.pk), {"data": f'{{"number": {number}, "filler": "{"x" * 40_000}"}}'})
        assert quick.next().data["number"] == number
    seen = slow.next()
    for _ in range(3):
        seen = slow.next()
    slow.has_ended()
    again = connect(bob, team, Last_Event_ID=seen.id)
    assert again.next().data == {"complete": True}
    assert again.next().data["number"] == seen.data["number"] + 1
