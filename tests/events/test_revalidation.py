"""A stream ends immediately when its permission is removed. This server re-checks by itself only once an hour."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from generations.accounts.api_keys import create_key, revoke_key, rotate_key
from generations.accounts.members import change_role
from generations.accounts.models import ApiKey, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.common.ids import uuid7
from generations.events.record import record_event
from generations.jobs.offboarding import deactivate_member, delete_account, leave_team

from .conftest import server
from .sse import Stream, eventually

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 5.0
NO_ROWS = {f"memberships-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
Member = Callable[[User, Team], Membership]


@pytest.fixture(scope="module")
def port(django_db_setup: None) -> Iterator[int]:
    with server(RECHECK="3600") as (port, _):
        yield port


@pytest.fixture
def open_page_stream(port: int, team: Team, session_of: Callable[[User], str]) -> Iterator[Callable[[User], Stream]]:
    """Open the page stream of the team and read its first event."""
    with ExitStack() as streams:

        def go(user: User) -> Stream:
            stream = Stream(port, f"/events/{team.slug}", Cookie=f"sessionid={session_of(user)}")
            assert streams.enter_context(stream).next().name == "sync"
            return stream

        yield go


@pytest.fixture
def open_api_stream(port: int, team: Team, member: Member) -> Iterator[Callable[[User], tuple[Stream, ApiKey]]]:
    """Open the API stream of the team with a new key of the user."""
    with ExitStack() as streams:

        def go(user: User) -> tuple[Stream, ApiKey]:
            made = create_key(membership=member(user, team), name="client", scopes=[Scope.READ])
            stream = Stream(port, "/api/v1/events", Authorization=f"Bearer {made.secret}")
            assert streams.enter_context(stream)._block() is not None
            return stream, made.key

        yield go


def deactivate(bob: Membership, alice: Membership) -> None:
    deactivate_member(membership=bob, actor=alice)


def leave(bob: Membership, alice: Membership) -> None:
    leave_team(membership=bob)


def delete_own_account(bob: Membership, alice: Membership) -> None:
    delete_account(user=bob.user)


def deactivate_account_by_staff(bob: Membership, alice: Membership) -> None:
    User.objects.filter(pk=alice.user_id).update(is_staff=True, is_superuser=True)
    staff = Client()
    staff.force_login(User.objects.get(pk=alice.user_id))
    address = reverse("admin:generations_user_change", args=[bob.user_id])
    form = {"email": bob.user.email, "name": bob.user.name} | NO_ROWS
    assert staff.post(address, form).status_code == 302
    bob.user.refresh_from_db()
    assert not bob.user.is_active


ENDINGS = [deactivate, leave, delete_own_account, deactivate_account_by_staff]


@pytest.mark.parametrize("end", ENDINGS)
def test_the_streams_of_a_former_member_end(
    end: Callable[[Membership, Membership], None],
    open_page_stream: Callable[[User], Stream],
    open_api_stream: Callable[[User], tuple[Stream, ApiKey]],
    bob: User,
    alice: User,
    team: Team,
    member: Member,
) -> None:
    ours, theirs, by_key = open_page_stream(alice), open_page_stream(bob), open_api_stream(bob)[0]
    end(member(bob, team), member(alice, team))
    assert theirs.ends_within(SOON)
    assert by_key.ends_within(SOON)
    assert not ours.ends_within(0.1)


@pytest.mark.parametrize("name", ["account_session_end", "account_sessions_end"])
def test_ending_a_session_ends_its_streams(
    name: str, port: int, bob: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    there, here = client_of(bob), client_of(bob)
    session = UserSession.objects.create(user=bob, session_key=there.session.session_key, ip="127.0.0.1")
    with Stream(port, f"/events/{team.slug}", Cookie=f"sessionid={session.session_key}") as stream:
        assert stream.next().name == "sync"
        here.post(reverse(name, args=[session.pk] if name == "account_session_end" else []))
        assert stream.ends_within(SOON)


@pytest.mark.parametrize("end", [revoke_key, partial(rotate_key, overlap=timedelta(0))])
def test_the_stream_of_an_ended_key_ends(
    end: Callable[..., object], open_api_stream: Callable[[User], tuple[Stream, ApiKey]], bob: User, alice: User
) -> None:
    (theirs, key), (ours, _) = open_api_stream(bob), open_api_stream(alice)
    end(key=key, actor=bob)
    assert theirs.ends_within(SOON)
    assert not ours.ends_within(0.1)


def test_a_lower_role_receives_fewer_events(
    open_api_stream: Callable[[User], tuple[Stream, ApiKey]],
    port: int,
    bob: User,
    alice: User,
    team: Team,
    member: Member,
) -> None:
    """Bob's key receives management events only while he is an admin."""
    change_role(membership=member(bob, team), role=Role.ADMIN, actor=member(alice, team))
    made = create_key(membership=member(bob, team), name="client", scopes=[Scope.READ, Scope.MANAGE])
    query = "?kinds=key.created&kinds=generation.completed"
    with Stream(port, f"/api/v1/events{query}", Authorization=f"Bearer {made.secret}") as stream:
        stream._block()
        create_key(membership=member(alice, team), name="first", scopes=[Scope.READ])
        assert stream.next().data["type"] == "key.created"
        change_role(membership=member(bob, team), role=Role.CREATOR, actor=member(alice, team))
        eventually(lambda: stream._block() is not None and stream.comments >= 2)  # it has polled meanwhile
        create_key(membership=member(alice, team), name="second", scopes=[Scope.READ])
        record_event("generation.completed", team_id=team.pk, subject_id=uuid7())
        assert stream.next().data["type"] == "generation.completed"
