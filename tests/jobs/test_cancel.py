"""Cancel: until the POST, and by permitted members only."""

import pytest

from generations.accounts.models import Team, User
from generations.common.errors import ForbiddenError
from generations.credits.balances import balance_of
from generations.credits.models import Hold, HoldState
from generations.jobs.attempts import open_attempt
from generations.jobs.cancel_retry import NotCancelableError, cancel_generation
from generations.jobs.models import State
from generations.jobs.transitions import Lease, LostLeaseError
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Member, Submit, reloaded


def test_a_waiting_job_is_canceled_and_returned(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    generation = submit()
    cancel_generation(membership=member(bob, funded), generation=generation)
    assert (reloaded(generation).state, reloaded(generation).hold.state) == (State.CANCELED, HoldState.RELEASED)
    assert balance_of(member(bob, funded)).available == 1000
    cancel_generation(membership=member(bob, funded), generation=generation)
    drive.send()
    assert provider.count("submit") == 0


def test_a_sent_job_cannot_be_canceled(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    stale = submit()
    drive.send()
    for generation in (stale, reloaded(stale)):
        with pytest.raises(NotCancelableError, match="already generating"):
            cancel_generation(membership=member(bob, funded), generation=generation)
    assert Hold.objects.get().state == HoldState.PENDING


def test_an_admin_cancels_for_anybody_but_a_creator_only_their_own(
    submit: Submit, drive: Drive, funded: Team, alice: User, bob: User, member: Member
) -> None:
    hers, his = submit(by=alice), submit(by=bob)
    with pytest.raises(ForbiddenError):
        cancel_generation(membership=member(bob, funded), generation=hers)
    cancel_generation(membership=member(alice, funded), generation=his)
    assert reloaded(his).state == State.CANCELED


def test_a_job_that_is_being_sent_can_be_stopped(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    generation = submit()
    drive.dispatch()
    sending = reloaded(generation)
    cancel_generation(membership=member(bob, funded), generation=sending)
    assert (reloaded(generation).state, reloaded(generation).hold.state) == (State.CANCELED, HoldState.RELEASED)
    with pytest.raises(LostLeaseError):
        open_attempt(sending, Lease(sending.pk, sending.fence), provider=provider.base_url, request={})


def test_once_the_attempt_is_open_it_is_too_late(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    generation = submit()
    drive.dispatch()
    sending = reloaded(generation)
    open_attempt(sending, Lease(sending.pk, sending.fence), provider=provider.base_url, request={})
    with pytest.raises(NotCancelableError):
        cancel_generation(membership=member(bob, funded), generation=sending)
    assert (reloaded(generation).state, reloaded(generation).hold.state) == (State.SUBMITTING, HoldState.PENDING)
