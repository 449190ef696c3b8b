from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.credits.balances import balance_of
from generations.credits.models import HoldState
from generations.jobs.dispatch import claim_due
from generations.jobs.models import Attempt, Generation, Outcome, State
from generations.library.models import Take
from generations.media.models import Asset
from tests.fakes.behaviors import drop, refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Member, Submit, reloaded


def test_a_job_becomes_a_take_and_is_charged_once(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
) -> None:
    generation = submit()
    drive.to_the_end()
    job = reloaded(generation)
    assert (job.state, job.hold.state, job.hold.captured) == (State.COMPLETED, HoldState.CAPTURED, 18)
    assert job.finished_at is not None
    take = Take.objects.get()
    assert (job.take, take.pk, take.shot, take.number) == (take, job.pk, job.shot, 1)
    assert (take.author, take.prompt, take.price, take.seconds) == (bob, job.prompt, 18, 1)
    assert (take.video.width, take.video.frames) == (128, 24)
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
        with ScriptedProvider(polls_until_done=1, honors_keys=True) as provider:
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
        self, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        assert len(claim_due([State.SAVING], limit=5)) == 1
        drive.save()
        assert reloaded(saving).state == State.COMPLETED
        assert Asset.objects.filter(kind="video").count() == 1


def test_the_database_refuses_a_way_that_is_not_drawn(submit: Submit) -> None:
    generation = submit()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE generations_generation SET state = 'saving' WHERE id = %s", [generation.pk])
