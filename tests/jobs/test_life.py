from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from pytest_django import Settings

from generations.accounts.models import Membership, Team, User
from generations.common.errors import ForbiddenError
from generations.credits.balances import balance_of
from generations.credits.models import Hold, HoldState, LedgerEntry
from generations.jobs.cancel import NotCancelableError, cancel_generation
from generations.jobs.dispatch import claim_due
from generations.jobs.leases import Lease, LostLeaseError
from generations.jobs.models import Attempt, Generation, Outcome
from generations.jobs.saving import save_generation
from generations.jobs.sending import send_generation
from generations.jobs.states import State
from generations.media.models import Asset
from tests.fakes.behaviours import completed_with, drop, refuse, truncated
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive

Submit = Callable[..., Generation]
Member = Callable[[User, Team], Membership]


def reloaded(generation: Generation) -> Generation:
    return Generation.objects.with_media().select_related("hold").get(pk=generation.pk)


def test_a_job_becomes_a_take_and_is_charged_once(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    generation = submit()
    drive.to_the_end()
    take = reloaded(generation)
    assert (take.state, take.hold.state, take.hold.captured) == (State.COMPLETED, HoldState.CAPTURED, 18)
    assert take.finished_at is not None
    assert take.video is not None
    assert (take.video.width, take.video.frames) == (128, 24)
    assert take.poster is not None
    assert take.poster.mime == "image/webp"
    assert provider.count("submit") == 1
    assert balance_of(member(bob, funded)).posted == 982
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.status) == (Outcome.ACCEPTED, 202)
    assert attempt.provider_job_id
    assert attempt.request_id


def test_the_provider_gets_the_wish_as_it_was_written(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    submit(camera_motion="dolly_in", generate_audio=False)
    drive.send()
    (job,) = provider.jobs()
    image_uri = job.body.pop("image_uri")
    assert image_uri.startswith("ltx://uploads/")
    assert job.body == {
        "prompt": "The lantern sways.",
        "model": "ltx-2-3-fast",
        "duration": 6,
        "resolution": "1280x720",
        "fps": 24,
        "camera_motion": "dolly_in",
        "generate_audio": False,
    }


def test_no_more_jobs_are_sent_than_the_provider_takes_at_once(
    submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.PROVIDER_CONCURRENCY = 2
    for _ in range(3):
        submit()
    drive.send()
    drive.send()
    assert provider.count("submit") == 2
    assert Generation.objects.filter(state=State.QUEUED).count() == 1


def test_members_take_turns(
    submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings, alice: User, bob: User
) -> None:
    settings.PROVIDER_CONCURRENCY = 1
    for _ in range(3):
        submit(by=bob)
    last = submit(by=alice)
    drive.to_the_end()
    drive.send()
    assert reloaded(last).state == State.PROCESSING


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_job_fails_and_the_credits_come_back(
    status: int, submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    provider.script("submit", refuse(status, message="The prompt will not do."))
    generation = submit()
    drive.send()
    failed = reloaded(generation)
    assert (failed.state, failed.error_message) == (State.FAILED, "The prompt will not do.")
    assert failed.hold.state == HoldState.RELEASED
    assert balance_of(member(bob, funded)).available == 1000
    drive.send()
    assert provider.count("submit") == 1


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_fault_of_our_account_parks_the_job(
    status: int, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    provider.script("submit", refuse(status))
    generation = submit()
    drive.send()
    parked = reloaded(generation)
    assert (parked.state, parked.hold.state) == (State.PARKED, HoldState.PENDING)
    drive.make_due()
    drive.dispatch()
    drive.to_the_end()
    assert reloaded(generation).state == State.COMPLETED


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_busy_provider_is_asked_again_later(
    status: int, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    provider.script("submit", refuse(status, retry_after=7))
    generation = submit()
    drive.send()
    waiting = reloaded(generation)
    assert (waiting.state, waiting.failures) == (State.QUEUED, 1)
    assert waiting.next_action_at is not None
    assert waiting.next_action_at >= waiting.state_since + timedelta(seconds=7)
    drive.make_due()
    drive.to_the_end()
    assert reloaded(generation).state == State.COMPLETED
    assert list(Attempt.objects.values_list("outcome", flat=True)) == [Outcome.REJECTED, Outcome.ACCEPTED]


def test_an_unreachable_provider_leaves_the_job_in_the_queue(
    submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.PROVIDER_URL = "http://127.0.0.1:9"
    generation = submit()
    drive.send()
    assert reloaded(generation).state == State.QUEUED
    settings.PROVIDER_URL = provider.base_url
    drive.make_due()
    drive.to_the_end()
    assert reloaded(generation).state == State.COMPLETED


class TestAnUnknownOutcome:
    def test_it_is_never_posted_again_to_a_provider_without_keys(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("submit", drop(is_carried_out=True))
        generation = submit()
        drive.send()
        assert (reloaded(generation).state, reloaded(generation).hold.state) == (State.UNCONFIRMED, HoldState.PENDING)
        drive.make_due()
        drive.send()
        assert provider.count("submit") == 1
        assert reloaded(generation).state == State.UNCONFIRMED

    def test_after_the_window_the_credits_come_back(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
    ) -> None:
        provider.script("submit", drop())
        generation = submit()
        drive.send()
        settings.UNCONFIRMED_WINDOW = timedelta(0)
        drive.make_due()
        drive.send()
        failed = reloaded(generation)
        assert (failed.state, failed.error_type, failed.hold.state) == (
            State.FAILED,
            "unconfirmed",
            HoldState.RELEASED,
        )
        assert provider.count("submit") == 1

    @pytest.mark.parametrize("is_carried_out", [True, False])
    def test_a_provider_with_keys_is_asked_again_and_makes_one_job(
        self, is_carried_out: bool, submit: Submit, drive: Drive, settings: Settings
    ) -> None:
        with ScriptedProvider(polls_until_done=1, honours_keys=True) as provider:
            settings.PROVIDER_URL = provider.base_url
            settings.PROVIDER_HONOURS_IDEMPOTENCY = True
            provider.script("submit", drop(is_carried_out=is_carried_out))
            generation = submit()
            drive.send()
            drive.make_due()
            drive.to_the_end()
            assert reloaded(generation).state == State.COMPLETED
            assert provider.count("submit") == 2
            assert len(provider.jobs()) == 1
            assert Attempt.objects.count() == 1


class TestAWorkerThatDied:
    def test_before_the_post_the_job_is_sent_by_another(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.dispatch()
        drive.make_due()
        drive.to_the_end()
        assert reloaded(generation).state == State.COMPLETED
        assert provider.count("submit") == 1

    def test_with_an_attempt_open_nothing_is_posted_again(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.dispatch()
        Attempt.objects.create(generation=generation, number=1, provider=provider.base_url, request={})
        drive.make_due()
        drive.send()
        assert provider.count("submit") == 0
        assert reloaded(generation).state == State.UNCONFIRMED

    def test_while_saving_the_video_is_fetched_by_another(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.send()
        drive.poll()
        drive.poll()
        assert len(claim_due([State.SAVING], limit=5)) == 1
        drive.save()
        assert reloaded(generation).state == State.COMPLETED
        assert Asset.objects.filter(kind="video").count() == 1


class TestMessages:
    def test_three_deliveries_send_once(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
        generation = submit()
        drive.dispatch()
        fence = reloaded(generation).fence
        for _ in range(3):
            send_generation(generation.pk, fence)
        assert provider.count("submit") == 1

    def test_three_deliveries_save_once(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
        generation = submit()
        drive.send()
        drive.poll()
        drive.poll()
        fence = reloaded(generation).fence
        for _ in range(3):
            save_generation(generation.pk, fence)
        assert reloaded(generation).state == State.COMPLETED
        assert provider.count("download") == 1
        assert LedgerEntry.objects.filter(kind="capture").count() == 1

    def test_a_week_old_message_does_nothing(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
        generation = submit()
        drive.to_the_end()
        for fence in range(8):
            send_generation(generation.pk, fence)
            save_generation(generation.pk, fence)
        assert provider.count("submit") == 1
        assert provider.count("download") == 1

    def test_a_holder_that_wakes_late_writes_nothing(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.dispatch()
        late = Lease(generation.pk, reloaded(generation).fence)
        drive.make_due()
        drive.send()
        with pytest.raises(LostLeaseError):
            late.move(State.SUBMITTING, State.QUEUED)
        with pytest.raises(LostLeaseError):
            late.renew()


class TestPolling:
    @pytest.mark.parametrize("status", [401, 404, 429, 500, 502, 503])
    def test_a_poll_error_never_decides(
        self, status: int, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.send()
        provider.script("poll", refuse(status))
        drive.poll()
        assert (reloaded(generation).state, reloaded(generation).failures) == (State.PROCESSING, 1)
        drive.poll()
        drive.poll()
        drive.save()
        assert reloaded(generation).state == State.COMPLETED

    def test_the_providers_own_failure_gives_the_credits_back(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.send()
        (job,) = provider.jobs()
        provider.fail(job.id, "content_filtered_error", "The still shows a logo.")
        drive.poll()
        failed = reloaded(generation)
        assert (failed.state, failed.error_type) == (State.FAILED, "content_filtered_error")
        assert failed.hold.state == HoldState.RELEASED

    def test_a_job_that_stays_missing_is_given_up(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        generation = submit()
        drive.send()
        provider.always("poll", refuse(404))
        drive.poll()
        drive.age(timedelta(minutes=11))
        drive.poll()
        assert (reloaded(generation).state, reloaded(generation).error_type) == (State.FAILED, "lost_by_provider")


class TestSaving:
    @pytest.fixture
    def saving(self, submit: Submit, drive: Drive, provider: ScriptedProvider) -> Generation:
        generation = submit()
        drive.send()
        drive.poll()
        drive.poll()
        assert reloaded(generation).state == State.SAVING
        return generation

    def test_a_cut_video_is_fetched_again(self, saving: Generation, drive: Drive, provider: ScriptedProvider) -> None:
        provider.script("download", truncated(2000), truncated(2000, "close"))
        drive.save()
        drive.save()
        assert (reloaded(saving).state, reloaded(saving).failures) == (State.SAVING, 2)
        assert not Asset.objects.filter(kind="video").exists()
        drive.save()
        assert reloaded(saving).state == State.COMPLETED

    def test_an_expired_address_is_asked_for_again(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("download", refuse(404))
        drive.save()
        drive.save()
        assert reloaded(saving).state == State.COMPLETED

    def test_an_address_that_is_none_is_not_followed(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("poll", completed_with("file:///etc/passwd"))
        drive.save()
        assert reloaded(saving).state == State.SAVING
        drive.save()
        assert reloaded(saving).state == State.COMPLETED

    def test_after_the_window_the_credits_come_back(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.always("download", refuse(404))
        drive.age(timedelta(hours=25))
        drive.save()
        assert (reloaded(saving).state, reloaded(saving).hold.state) == (State.FAILED, HoldState.RELEASED)

    def test_two_takes_may_be_the_same_bytes(
        self, saving: Generation, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        drive.save()
        second = submit()
        drive.to_the_end()
        assert reloaded(second).video == reloaded(saving).video


class TestCancel:
    def test_a_waiting_job_is_canceled_and_returned(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        generation = submit()
        cancel_generation(membership=member(bob, funded), generation=generation)
        assert (reloaded(generation).state, reloaded(generation).hold.state) == (State.CANCELED, HoldState.RELEASED)
        assert balance_of(member(bob, funded)).available == 1000
        cancel_generation(membership=member(bob, funded), generation=generation)
        drive.send()
        assert provider.count("submit") == 0

    def test_a_sent_job_cannot_be_canceled(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        stale = submit()
        drive.send()
        for generation in (stale, reloaded(stale)):
            with pytest.raises(NotCancelableError, match="with the provider already"):
                cancel_generation(membership=member(bob, funded), generation=generation)
        assert Hold.objects.get().state == HoldState.PENDING

    def test_an_admin_cancels_for_anybody_but_a_creator_only_their_own(
        self, submit: Submit, drive: Drive, funded: Team, alice: User, bob: User, member: Member
    ) -> None:
        hers, his = submit(by=alice), submit(by=bob)
        with pytest.raises(ForbiddenError):
            cancel_generation(membership=member(bob, funded), generation=hers)
        cancel_generation(membership=member(alice, funded), generation=his)
        assert reloaded(his).state == State.CANCELED


def test_the_database_refuses_a_way_that_is_not_drawn(submit: Submit) -> None:
    generation = submit()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE generations_generation SET state = 'saving' WHERE id = %s", [generation.pk])
