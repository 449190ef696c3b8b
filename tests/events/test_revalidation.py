"""What somebody may no longer see ends at once. The server of these tests checks by itself only once an hour."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from generations.accounts.keys import create_key, revoke_key, rotate_key
from generations.accounts.members import change_role
from generations.accounts.models import ApiKey, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.common.ids import uuid7
from generations.events.record import record_event
from generations.jobs.offboarding import deactivate_member, delete_account, leave_team

from .conftest import server
from .wire import Stream, eventually

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 5.0
NO_ROWS = {f"memberships-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
Member = Callable[[User, Team], Membership]


@pytest.fixture(scope="module")
def port(django_db_setup: None) -> Iterator[int]:
    with server(RECHECK="3600") as (port, _):
        yield port


@pytest.fixture
def page(port: int, team: Team, session_of: Callable[[User], str]) -> Iterator[Callable[[User], Stream]]:
    """Open the team's stream as one of its pages does, and read its beginning."""
    with ExitStack() as streams:

        def go(user: User) -> Stream:
            stream = Stream(port, f"/events/{team.slug}", Cookie=f"sessionid={session_of(user)}")
            assert streams.enter_context(stream).next().name == "sync"
            return stream

        yield go


@pytest.fixture
def program(port: int, team: Team, member: Member) -> Iterator[Callable[[User], tuple[Stream, ApiKey]]]:
    """Open the team's stream with a new key of somebody's."""
    with ExitStack() as streams:

        def go(user: User) -> tuple[Stream, ApiKey]:
            made = create_key(membership=member(user, team), name="program", scopes=[Scope.READ])
            stream = Stream(port, "/api/v1/events", Authorization=f"Bearer {made.secret}")
            assert streams.enter_context(stream)._block() is not None
            return stream, made.key

        yield go


def is_deactivated(bob: Membership, alice: Membership) -> None:
    deactivate_member(membership=bob, actor=alice)


def leaves(bob: Membership, alice: Membership) -> None:
    leave_team(membership=bob)


def deletes_the_account(bob: Membership, alice: Membership) -> None:
    delete_account(user=bob.user)


def is_switched_off_by_staff(bob: Membership, alice: Membership) -> None:
    User.objects.filter(pk=alice.user_id).update(is_staff=True, is_superuser=True)
    staff = Client()
    staff.force_login(User.objects.get(pk=alice.user_id))
    address = reverse("admin:generations_user_change", args=[bob.user_id])
    form = {"email": bob.user.email, "name": bob.user.name} | NO_ROWS
    assert staff.post(address, form).status_code == 302
    bob.user.refresh_from_db()
    assert not bob.user.is_active


ENDINGS = [is_deactivated, leaves, deletes_the_account, is_switched_off_by_staff]


@pytest.mark.parametrize("end", ENDINGS)
def test_who_goes_sees_nothing_more(
    end: Callable[[Membership, Membership], None],
    page: Callable[[User], Stream],
    program: Callable[[User], tuple[Stream, ApiKey]],
    bob: User,
    alice: User,
    team: Team,
    member: Member,
) -> None:
    ours, theirs, by_key = page(alice), page(bob), program(bob)[0]
    end(member(bob, team), member(alice, team))
    assert theirs.ends_within(AT_ONCE)
    assert by_key.ends_within(AT_ONCE)
    assert not ours.ends_within(0.1)


@pytest.mark.parametrize("name", ["account_session_end", "account_sessions_end"])
def test_signing_out_elsewhere_ends_what_is_open_there(
    name: str, port: int, bob: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    there, here = client_of(bob), client_of(bob)
    session = UserSession.objects.create(user=bob, session_key=there.session.session_key, ip="127.0.0.1")
    with Stream(port, f"/events/{team.slug}", Cookie=f"sessionid={session.session_key}") as stream:
        assert stream.next().name == "sync"
        here.post(reverse(name, args=[session.pk] if name == "account_session_end" else []))
        assert stream.ends_within(AT_ONCE)


@pytest.mark.parametrize("end", [revoke_key, partial(rotate_key, overlap=timedelta(0))])
def test_a_key_that_ended_hears_nothing_more(
    end: Callable[..., object], program: Callable[[User], tuple[Stream, ApiKey]], bob: User, alice: User
) -> None:
    (theirs, key), (ours, _) = program(bob), program(alice)
    end(key=key, actor=bob)
    assert theirs.ends_within(AT_ONCE)
    assert not ours.ends_within(0.1)


def test_who_may_do_less_goes_on_with_less(
    program: Callable[[User], tuple[Stream, ApiKey]], port: int, bob: User, alice: User, team: Team, member: Member
) -> None:
    """Bob's key hears of members while he is an admin, and no longer than that."""
    change_role(membership=member(bob, team), role=Role.ADMIN, actor=member(alice, team))
    made = create_key(membership=member(bob, team), name="program", scopes=[Scope.READ, Scope.MANAGE])
    query = "?kinds=key.created&kinds=generation.completed"
    with Stream(port, f"/api/v1/events{query}", Authorization=f"Bearer {made.secret}") as stream:
        stream._block()
        create_key(membership=member(alice, team), name="first", scopes=[Scope.READ])
        assert stream.next().data["type"] == "key.created"
        change_role(membership=member(bob, team), role=Role.CREATOR, actor=member(alice, team))
        eventually(lambda: stream._block() is not None and stream.comments >= 2)  # it has looked meanwhile
        create_key(membership=member(alice, team), name="second", scopes=[Scope.READ])
        record_event("generation.completed", team_id=team.pk, subject_id=uuid7())
        assert stream.next().data["type"] == "generation.completed"
