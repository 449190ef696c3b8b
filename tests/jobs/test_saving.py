"""Saving a finished video."""

from datetime import timedelta

from generations.credits.models import HoldState
from generations.jobs.models import Generation, State
from generations.media.models import Asset
from tests.fakes.behaviors import completed_with, refuse, truncated
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit, reloaded


def test_a_cut_video_is_fetched_again(saving: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.script("download", truncated(2000), truncated(2000, "close"))
    drive.save()
    drive.save()
    assert (reloaded(saving).state, reloaded(saving).failures) == (State.SAVING, 2)
    assert not Asset.objects.filter(kind="video").exists()
    drive.save()
    assert reloaded(saving).state == State.COMPLETED


def test_an_expired_address_is_asked_for_again(saving: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.script("download", refuse(404))
    drive.save()
    drive.save()
    assert reloaded(saving).state == State.COMPLETED


def test_an_address_that_is_none_is_not_followed(saving: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.script("poll", completed_with("file:///etc/passwd"))
    drive.save()
    assert reloaded(saving).state == State.SAVING
    drive.save()
    assert reloaded(saving).state == State.COMPLETED


def test_after_the_window_the_credits_come_back(saving: Generation, drive: Drive, provider: ScriptedProvider) -> None:
    provider.always("download", refuse(404))
    drive.age(timedelta(hours=25))
    drive.save()
    assert (reloaded(saving).state, reloaded(saving).hold.state) == (State.FAILED, HoldState.RELEASED)


def test_two_takes_may_be_the_same_bytes(
    saving: Generation, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    drive.save()
    second = submit()
    drive.to_the_end()
    first, second = reloaded(saving).take, reloaded(second).take
    assert first is not None
    assert second is not None
    assert first.video == second.video
