"""Permission checks of the page stream, and errors and shutdown of its server."""

from collections.abc import Callable
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from generations.accounts.models import Membership, Team, User
from tests.conftest import PASSWORD

from .conftest import Connect, server
from .sse import Stream

pytestmark = pytest.mark.django_db(transaction=True)


def leave_team(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def sign_out_everywhere(user: User) -> None:
    Session.objects.all().delete()


def deactivate_account(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another-" + PASSWORD)
    user.save()


@pytest.mark.parametrize("end", [leave_team, sign_out_everywhere, deactivate_account, change_password])
def test_a_stream_without_permission_ends_and_does_not_reopen(
    end: Callable[[User], None],
    events_port: int,
    session_of: Callable[[User], str],
    connect: Connect,
    bob: User,
    rita: User,
    team: Team,
) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(bob)}"
    with Stream(events_port, f"/events/{team.slug}", Cookie=cookie) as stream:
        stream.next()
        end(bob)
        assert stream.has_ended()
    with Stream(events_port, f"/events/{team.slug}", Cookie=cookie) as stream:
        assert stream.response.status == 404
    if end is not sign_out_everywhere:
        assert connect(rita, team).next().name == "sync"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_get_405(method: str, events_port: int) -> None:
    connection = HTTPConnection("127.0.0.1", events_port, timeout=10)
    connection.request(method, "/events/lighthouse")
    assert connection.getresponse().status == 405
    connection.close()


@pytest.mark.parametrize("lost", ["DATABASE_URL", "REDIS_URL"])
def test_without_database_or_valkey_it_responds_503(lost: str, connect: Connect, bob: User, team: Team) -> None:
    unreachable = {"DATABASE_URL": "postgresql://127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with server(**{lost: unreachable[lost]}) as (port, _):
        stream = connect(bob, team, port=port)
        assert stream.response.status == 503
        assert stream.response.read() == b'{"status": "unavailable"}'


def test_shutdown_ends_open_streams_cleanly(connect: Connect, bob: User, team: Team) -> None:
    with server() as (port, process):
        streams = [connect(bob, team, port=port) for _ in range(5)]
        for stream in streams:
            stream.next()
        process.terminate()
        assert all(stream.has_ended() for stream in streams)
        assert process.wait(10) == 0
