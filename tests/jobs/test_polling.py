"""Polling: only a state reported by the provider changes a job."""

from datetime import timedelta

import pytest

from generations.credits.models import HoldState
from generations.jobs.models import Generation, State
from tests.fakes.behaviors import refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import reloaded


@pytest.mark.parametrize("status", [401, 404, 429, 500, 502, 503])
def test_a_poll_error_never_decides(status: int, sent: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.script("poll", refuse(status))
    drive.poll()
    assert (reloaded(sent).state, reloaded(sent).failures) == (State.PROCESSING, 1)
    drive.poll()
    drive.poll()
    drive.save()
    assert reloaded(sent).state == State.COMPLETED


def test_the_providers_own_failure_gives_the_credits_back(
    sent: Generation, drive: Drive, provider: ScriptedProvider
) -> None:
    (job,) = provider.jobs()
    provider.fail(job.id, "content_filtered_error", "The still shows a logo.")
    drive.poll()
    failed = reloaded(sent)
    assert (failed.state, failed.error_type) == (State.FAILED, "content_filtered_error")
    assert failed.hold.state == HoldState.RELEASED


def test_a_job_that_stays_missing_is_given_up(sent: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.always("poll", refuse(404))
    drive.poll()
    drive.age(timedelta(minutes=11))
    drive.poll()
    assert (reloaded(sent).state, reloaded(sent).error_type) == (State.FAILED, "lost_by_provider")
