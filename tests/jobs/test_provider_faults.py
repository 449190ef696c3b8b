"""Faults of the provider, the storage and members during a job: it waits, or fails and is refunded."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.common.clock import database_now
from generations.credits.balances import balance_of
from generations.credits.models import Hold, HoldState, PriceRow, Quota
from generations.events.models import Alert, Event
from generations.jobs.models import Attempt, Generation, Outcome, State
from generations.jobs.schedule import OVERDUE_POLL
from generations.library.models import Take
from generations.media.models import Asset
from tests.fakes import behaviors
from tests.fakes.behaviors import Behavior
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Member, Submit, reloaded, state_of

WAITS = (State.PROCESSING, HoldState.PENDING)
IS_BEING_SAVED = (State.SAVING, HoldState.PENDING)
IS_DONE = (State.COMPLETED, HoldState.CAPTURED)


class TestSending:
    @pytest.mark.parametrize(
        "answer",
        [
            behaviors.bad_json(),
            behaviors.missing_id(),
            behaviors.html(),
            behaviors.html(502),
            behaviors.Behavior(status=500),
        ],
    )
    def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(
        self, answer: Behavior, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Row 31: the provider may be rendering."""
        provider.script("submit", answer)
        generation = submit()
        drive.send()
        drive.make_due()
        drive.send()
        assert state_of(generation) == (State.UNCONFIRMED, HoldState.PENDING)
        assert Attempt.objects.get().outcome == Outcome.UNKNOWN
        assert provider.count("submit") == 1

    def test_one_refusal_for_too_much_lets_everybody_wait(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, alice: User, bob: User
    ) -> None:
        """Row 34: no job fails, and no other job is sent meanwhile."""
        provider.script("submit", behaviors.refuse(429, retry_after=30))
        first = submit(by=bob)
        drive.send()
        second = submit(by=alice)
        Generation.objects.update(next_action_at=database_now())
        drive.send()
        assert provider.count("submit") == 1
        assert {state_of(job) for job in (first, second)} == {(State.QUEUED, HoldState.PENDING)}
        drive.make_due()
        drive.send()
        assert provider.count("submit") == 3


class TestPolling:
    @pytest.mark.parametrize(
        "answer",
        [
            behaviors.refuse(500),
            behaviors.refuse(502),
            behaviors.refuse(504),
            behaviors.html(502),
            behaviors.bad_json(),
            behaviors.drop(),
        ],
    )
    def test_an_hour_of_errors_decides_nothing(
        self, answer: Behavior, sent: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Row 35: the intervals between polls grow, with jitter."""
        provider.always("poll", answer)
        waits = []
        for _ in range(5):
            drive.age(timedelta(hours=1))
            drive.poll()
            assert state_of(sent) == WAITS
            waits.append(reloaded(sent).next_action_at - database_now())  # type: ignore[operator]
        assert waits[-1] > 4 * waits[0]
        assert len({round(wait.total_seconds(), 2) for wait in waits}) == 5
        provider.regular("poll")
        drive.poll()
        drive.poll()
        drive.save()
        assert state_of(sent) == IS_DONE

    def test_no_word_but_an_end_ends_a_job(self, sent: Generation, drive: Drive, provider: ScriptedProvider) -> None:
        """Row 38: unknown states, and states that go back."""
        for word in ("processing", "pending", "queued", "paused_by_operator", "done", ""):
            provider.script("poll", behaviors.status_word(word))
            drive.poll()
            assert state_of(sent) == WAITS
        drive.poll()
        drive.save()
        assert state_of(sent) == IS_DONE

    @pytest.mark.parametrize("url", [None, "", "/relative.mp4", "file:///etc/passwd", "ftp://example.com/take.mp4"])
    def test_completed_without_a_usable_address_is_no_end(
        self, url: str | None, sent: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Row 39: nothing is downloaded or charged, and the job is polled again."""
        provider.always("poll", behaviors.completed_with(url))
        drive.poll()
        drive.poll()
        assert state_of(sent) == WAITS
        assert reloaded(sent).failures == 2
        assert provider.count("download") == 0
        provider.regular("poll")
        drive.poll()
        drive.save()
        assert state_of(sent) == IS_DONE

    def test_a_job_is_not_given_up_for_being_slow(
        self, sent: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Row 45: it keeps its hold, and is polled less often."""
        provider.configure(polls_until_done=2)
        drive.age(timedelta(days=1))
        drive.poll()
        assert state_of(sent) == WAITS
        assert reloaded(sent).next_action_at - database_now() > OVERDUE_POLL / 2  # type: ignore[operator]
        drive.poll()
        drive.poll()
        drive.save()
        assert state_of(sent) == IS_DONE


class TestSaving:
    @pytest.mark.parametrize("status", [403, 404, 410, 500, 504])
    def test_a_result_that_cannot_be_had_is_asked_for_again(
        self, status: int, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Rows 40 and 41: with a new URL, and never by another submit."""
        provider.script("download", behaviors.refuse(status) if status in behaviors.REASONS else behaviors.html(status))
        polls = provider.count("poll")
        drive.save()
        assert state_of(saving) == IS_BEING_SAVED
        drive.save()
        assert state_of(saving) == IS_DONE
        assert (provider.count("poll"), provider.count("submit")) == (polls + 2, 1)

    @pytest.mark.parametrize(
        "answer",
        [
            behaviors.html(),
            behaviors.zero_bytes(),
            behaviors.gzip_bomb(),
            behaviors.respond(200, b'{"error": "later"}', "application/json"),
            behaviors.respond(200, b"\0" * 5000, "video/mp4"),
            behaviors.truncated(3000, "chunked"),
        ],
    )
    def test_what_is_no_video_is_never_delivered(
        self, answer: Behavior, saving: Generation, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Rows 42 and 44."""
        provider.script("download", answer)
        drive.save()
        assert state_of(saving) == IS_BEING_SAVED
        assert not Asset.objects.filter(kind="video").exists()
        drive.save()
        assert state_of(saving) == IS_DONE

    def test_more_than_the_cap_is_not_taken(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider, settings: Settings
    ) -> None:
        """Row 44."""
        settings.VIDEO_MAX_BYTES = 100_000
        provider.script("download", behaviors.endless())
        drive.save()
        assert state_of(saving) == IS_BEING_SAVED

    def test_a_download_that_never_ends_frees_its_worker(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider, settings: Settings
    ) -> None:
        """Row 43: bytes keep arriving, so no timeout of a single read is reached."""
        settings.VIDEO_DEADLINE = timedelta(seconds=0.5)
        provider.script("download", behaviors.slow_drip(0.05))
        drive.save()
        assert state_of(saving) == IS_BEING_SAVED
        settings.VIDEO_DEADLINE = timedelta(minutes=1)
        drive.save()
        assert state_of(saving) == IS_DONE

    def test_a_storage_that_fails_costs_no_paid_video(
        self, saving: Generation, drive: Drive, provider: ScriptedProvider, settings: Settings, tmp_path: Path
    ) -> None:
        """Rows 24 and 25: it is saved again under the same name without a time limit; staff are alerted."""
        settings.SAVING_WINDOW = timedelta(0)
        working = settings.STORAGES
        broken = tmp_path / "a file, and no folder"
        broken.touch()
        backend = {**working["default"], "OPTIONS": {"location": broken / "media", "base_url": None}}
        settings.STORAGES = {**working, "default": backend}
        drive.save()
        drive.save()
        assert state_of(saving) == IS_BEING_SAVED
        assert not Asset.objects.filter(kind="video").exists()
        assert Alert.objects.open().get().kind == "storage"
        settings.STORAGES = working
        drive.save()
        assert state_of(saving) == IS_DONE
        assert not Alert.objects.open().exists()
        assert provider.count("submit") == 1


class TestPeople:
    def test_the_jobs_of_somebody_switched_off_are_finished_for_the_team(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        """Row 48: in each state of a job."""
        sent, waiting = submit(), None
        drive.send()
        waiting = submit()
        bob.is_active = False
        bob.save()
        drive.to_the_end()
        drive.to_the_end()
        assert [state_of(job) for job in (sent, waiting)] == [IS_DONE, IS_DONE]
        takes = Take.objects.of_team(funded)
        assert {(take.author, take.video.team) for take in takes.select_related("video__team")} == {(bob, funded)}
        assert balance_of(member(bob, funded)).held == 0

    def test_the_jobs_of_a_member_who_left_are_finished_for_the_team(
        self, sent: Generation, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        """Row 48."""
        member(bob, funded).delete()
        drive.poll()
        drive.poll()
        drive.save()
        assert state_of(sent) == IS_DONE

    def test_a_job_costs_what_its_button_said(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team, bob: User, member: Member
    ) -> None:
        """Row 51: after prices and quotas have changed."""
        generation = submit()
        PriceRow.objects.create(
            model="ltx-2-3-fast", tier="720p", credits_per_second=50, valid_from=database_now().date()
        )
        Quota.objects.create(team=funded, membership=member(bob, funded), cap=0)
        drive.to_the_end()
        assert state_of(generation) == IS_DONE
        assert (reloaded(generation).price, Hold.objects.get().captured) == (18, 18)
        assert Event.objects.get(kind="generation.completed").data["charged"] == 18
        assert balance_of(member(bob, funded)).posted == 982

    def test_a_price_that_is_gone_keeps_nobody_from_finishing(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        """Row 51."""
        generation = submit()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM generations_pricerow")
        drive.to_the_end()
        assert state_of(generation) == IS_DONE
