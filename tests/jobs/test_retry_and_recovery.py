"""Retry of failed jobs, late results of the provider, and jobs that kill their workers."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.common.errors import ForbiddenError
from generations.credits.balances import balance_of
from generations.credits.models import HoldState, PriceRow
from generations.events.models import Alert, Event
from generations.jobs.cancel_retry import NotRetryableError, retry_generation
from generations.jobs.dispatch import claim_due, offer_due
from generations.jobs.models import Attempt, Bill, Generation, State
from generations.jobs.operations import NothingToRetrieveError, ask_again
from tests.fakes.behaviors import drop, refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Member, Submit, reloaded


class TestRetry:
    @pytest.fixture
    def failed(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> Generation:
        provider.script("submit", refuse(422))
        generation = submit()
        drive.send()
        return reloaded(generation)

    def test_it_is_a_new_job_with_a_new_hold(
        self, failed: Generation, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        again = retry_generation(membership=member(bob, funded), generation=failed)
        assert again.pk != failed.pk
        assert (again.prompt, again.hold_id != failed.hold_id) == (failed.prompt, True)
        drive.to_the_end()
        assert (reloaded(again).state, reloaded(again).retry_of) == (State.COMPLETED, failed)
        assert (reloaded(failed).state, reloaded(failed).hold.state) == (State.FAILED, HoldState.RELEASED)

    def test_two_clicks_are_one_job(self, failed: Generation, funded: Team, bob: User, member: Member) -> None:
        first = retry_generation(membership=member(bob, funded), generation=failed)
        assert retry_generation(membership=member(bob, funded), generation=failed) == first

    def test_it_never_costs_more_than_before(self, failed: Generation, funded: Team, bob: User, member: Member) -> None:
        PriceRow.objects.create(model=failed.model, tier="720p", credits_per_second=99, valid_from="2026-02-01")
        with pytest.raises(NotRetryableError, match="price is now 594 credits"):
            retry_generation(membership=member(bob, funded), generation=failed)

    def test_only_ones_own_failed_jobs(
        self, failed: Generation, submit: Submit, funded: Team, alice: User, bob: User, member: Member
    ) -> None:
        with pytest.raises(ForbiddenError):
            retry_generation(membership=member(alice, funded), generation=failed)
        with pytest.raises(NotRetryableError):
            retry_generation(membership=member(bob, funded), generation=submit())


class TestALateSuccess:
    @pytest.fixture
    def given_up(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> Generation:
        generation = submit()
        drive.send()
        provider.always("poll", refuse(404))
        drive.age(timedelta(minutes=11))
        drive.poll()
        assert reloaded(generation).state == State.FAILED
        assert Attempt.objects.get().bill == Bill.POSSIBLE
        provider.regular("poll")
        return reloaded(generation)

    def test_it_is_delivered_and_not_charged(
        self, given_up: Generation, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        (job,) = provider.jobs()
        provider.finish(job.id)
        assert ask_again(generation=given_up, actor=bob)
        drive.save()
        take = reloaded(given_up)
        assert (take.state, take.is_late, take.hold.state) == (State.COMPLETED, True, HoldState.RELEASED)
        assert balance_of(member(bob, funded)).available == 1000
        assert Attempt.objects.get().bill == Bill.DUE
        assert Event.objects.filter(kind="generation.completed").get().data["charged"] == 0

    def test_what_is_not_done_stays_failed(self, given_up: Generation, drive: Drive) -> None:
        assert not ask_again(generation=given_up, actor=None)
        assert reloaded(given_up).state == State.FAILED

    def test_two_who_ask_start_one_saving(self, given_up: Generation, drive: Drive, provider: ScriptedProvider) -> None:
        (job,) = provider.jobs()
        provider.finish(job.id)
        assert [ask_again(generation=given_up, actor=None) for _ in range(2)] == [True, False]
        drive.save()
        assert provider.count("download") == 1

    def test_there_is_nothing_to_ask_about_what_was_never_confirmed(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("submit", refuse(400))
        generation = submit()
        drive.send()
        with pytest.raises(NothingToRetrieveError):
            ask_again(generation=reloaded(generation), actor=None)


class TestPoison:
    def let_workers_die(self, times: int) -> None:
        """Claim the due jobs and do nothing, like a worker that is killed."""
        for _ in range(times):
            Generation.objects.in_flight().exclude(lease_until=None).update(
                lease_until="2000-01-01T00:00:00Z", next_action_at="2000-01-01T00:00:00Z"
            )
            claim_due([State.SUBMITTING, State.SAVING], limit=5)

    def test_a_job_that_kills_its_workers_before_the_post_is_set_aside(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.dispatch()
        self.let_workers_die(5)
        drive.send(dispatching=False)
        assert (reloaded(generation).state, reloaded(generation).error_type) == (State.FAILED, "poison")
        assert reloaded(generation).hold.state == HoldState.RELEASED
        assert provider.count("submit") == 0
        assert Alert.objects.open().get().kind == "poison"

    def test_a_video_that_kills_its_workers_is_set_aside(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        claim_due([State.SAVING], limit=5)
        self.let_workers_die(5)
        drive.save()
        assert (reloaded(saving).state, reloaded(saving).error_type) == (State.FAILED, "poison")
        assert Attempt.objects.get().bill == Bill.POSSIBLE

    def test_waiting_behind_others_is_no_death(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        for _ in range(9):
            drive.make_due()
            assert [pk for pk, _ in offer_due([State.SAVING], limit=5)] == [saving.pk]
        drive.save()
        assert (reloaded(saving).state, reloaded(saving).losses) == (State.COMPLETED, 0)

    def test_a_death_now_and_then_is_forgiven(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
        generation = submit()
        drive.dispatch()
        self.let_workers_die(4)
        drive.send(dispatching=False)
        assert reloaded(generation).losses == 0
        assert reloaded(generation).state == State.PROCESSING


def test_an_unconfirmed_job_that_is_given_up_books_a_possible_bill(
    submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    provider.script("submit", drop(is_carried_out=True))
    submit()
    drive.send()
    settings.UNCONFIRMED_WINDOW = timedelta(0)
    drive.make_due()
    drive.send()
    assert Attempt.objects.get().bill == Bill.POSSIBLE
