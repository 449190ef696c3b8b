from datetime import timedelta

import pytest

from generations.accounts.models import Team, User
from generations.credits.grants import grant_credits
from generations.jobs.estimates import UsualTime, usual_time
from generations.jobs.models import Attempt, Generation, Outcome
from tests.library.factories import make_generation


def took(team: Team, user: User, seconds: int, **changes: object) -> Generation:
    take = make_generation(team, user, **changes)
    assert take.finished_at is not None
    attempt = Attempt.objects.create(
        generation=take, number=1, provider="p", request={}, outcome=Outcome.ACCEPTED, provider_job_id=str(take.pk)
    )
    Attempt.objects.filter(pk=attempt.pk).update(started_at=take.finished_at - timedelta(seconds=seconds))
    return take


@pytest.fixture
def history(funded: Team, bob: User) -> Generation:
    """Nine jobs of 60 s and one of 600 s; slower ones with another duration and another resolution."""
    grant_credits(team=funded, amount=10_000, reason="more")
    for seconds in [60] * 9 + [600]:
        last = took(funded, bob, seconds)
    for _ in range(9):
        took(funded, bob, 5000, duration=8)
        took(funded, bob, 5000, resolution="3840x2160")
    return last


def test_the_usual_time_is_that_of_the_same_model_size_and_length(history: Generation) -> None:
    usual = usual_time(history)
    assert usual == UsualTime(median=60.0, p90=pytest.approx(114.0))


def test_portrait_takes_as_long_as_landscape(history: Generation, funded: Team, bob: User) -> None:
    assert usual_time(make_generation(funded, bob, resolution="1080x1920")) == usual_time(history)


def test_without_a_history_nothing_is_promised(history: Generation, funded: Team, bob: User) -> None:
    assert usual_time(make_generation(funded, bob, model="ltx-2-5-pro")) is None
