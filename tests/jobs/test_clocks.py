"""A worker's clock may be wrong by hours, and the database's may jump: only ages measured by the database count."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.common.clock import database_now, database_time
from generations.credits.balances import balance_of
from generations.credits.errors import OutOfCreditsError
from generations.credits.models import HoldState, Period, PriceRow, Quota
from generations.credits.periods import span_of
from generations.jobs.dispatch import claim_due, dispatch_due
from generations.jobs.models import Attempt, Generation, State
from generations.jobs.schedule import OVERDUE_POLL
from tests.fakes.behaviors import drop, refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Member, Submit, reloaded, state_of

FAST, SLOW = timedelta(hours=1), timedelta(hours=-1)


@pytest.fixture
def wrong_by() -> Iterator[Callable[[timedelta], None]]:
    """Set the clock of this process wrong until the end of the test. The database's clock stays right."""
    journeys: list[time_machine.travel] = []

    def travel(offset: timedelta) -> None:
        journeys.append(time_machine.travel(timezone.now() + offset, tick=True))
        journeys[-1].start()

    yield travel
    for journey in reversed(journeys):
        journey.stop()


Clock = Callable[[timedelta], None]


@pytest.mark.parametrize("offset", [FAST, SLOW])
def test_a_whole_life_keeps_the_databases_time(
    offset: timedelta, wrong_by: Clock, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    before = database_now()
    wrong_by(offset)
    generation = submit()
    drive.to_the_end()
    take, attempt = reloaded(generation), Attempt.objects.get()
    assert (take.state, take.hold.state) == (State.COMPLETED, HoldState.CAPTURED)
    begun = [before, take.created_at, attempt.started_at, attempt.responded_at]
    moments = [*begun, take.hold.settled_at, take.finished_at, database_now()]
    assert moments == sorted(moments)


def test_a_fast_clock_does_not_shorten_the_unconfirmed_window(
    wrong_by: Clock, submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.UNCONFIRMED_WINDOW = timedelta(minutes=30)
    provider.script("submit", drop(is_carried_out=True))
    generation = submit()
    drive.send()
    wrong_by(FAST)
    drive.make_due()
    drive.send()
    assert state_of(generation) == (State.UNCONFIRMED, HoldState.PENDING)


def test_a_slow_clock_does_not_stretch_the_unconfirmed_window(
    wrong_by: Clock, submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.UNCONFIRMED_WINDOW = timedelta(minutes=30)
    provider.script("submit", drop(is_carried_out=True))
    generation = submit()
    drive.send()
    Attempt.objects.update(started_at=database_time(timedelta(minutes=-31)))
    wrong_by(SLOW)
    drive.make_due()
    drive.send()
    assert state_of(generation) == (State.FAILED, HoldState.RELEASED)


@pytest.mark.parametrize(
    ("offset", "age", "state"),
    [(FAST, timedelta(minutes=9), State.PROCESSING), (SLOW, timedelta(minutes=11), State.FAILED)],
)
def test_a_missing_job_is_given_up_by_the_databases_time(
    offset: timedelta,
    age: timedelta,
    state: State,
    wrong_by: Clock,
    sent: Generation,
    drive: Drive,
    provider: ScriptedProvider,
) -> None:
    provider.always("poll", refuse(404))
    drive.age(age)
    wrong_by(offset)
    drive.poll()
    assert reloaded(sent).state == state


@pytest.mark.parametrize(
    ("offset", "age", "is_slow"), [(FAST, timedelta(minutes=29), False), (SLOW, timedelta(minutes=31), True)]
)
def test_a_job_is_overdue_by_the_databases_time(
    offset: timedelta,
    age: timedelta,
    is_slow: bool,
    wrong_by: Clock,
    submit: Submit,
    drive: Drive,
    provider: ScriptedProvider,
) -> None:
    provider.configure(polls_until_done=99)
    generation = submit()
    drive.send()
    drive.age(age)
    wrong_by(offset)
    drive.poll()
    row = reloaded(generation)
    assert row.next_action_at is not None
    wait = row.next_action_at - database_now()
    assert (wait > OVERDUE_POLL / 2) is is_slow
    assert (row.state, row.hold.state) == (State.PROCESSING, HoldState.PENDING)


@pytest.mark.parametrize(
    ("offset", "age", "state"),
    [(FAST, timedelta(hours=23.5), State.SAVING), (SLOW, timedelta(hours=24.5), State.FAILED)],
)
def test_a_video_is_given_up_by_the_databases_time(
    offset: timedelta,
    age: timedelta,
    state: State,
    wrong_by: Clock,
    saving: Generation,
    drive: Drive,
    provider: ScriptedProvider,
) -> None:
    provider.always("download", refuse(404))
    drive.age(age)
    wrong_by(offset)
    drive.save()
    assert reloaded(saving).state == state


def test_a_fast_clock_takes_no_lease_from_its_holder(
    wrong_by: Clock, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    submit()
    drive.dispatch()
    wrong_by(FAST)
    assert dispatch_due() is None
    assert claim_due([State.SUBMITTING], limit=5) == []


@pytest.mark.parametrize("offset", [timedelta(days=1), timedelta(days=-1)])
def test_a_daily_quota_begins_with_the_databases_day(
    offset: timedelta, wrong_by: Clock, submit: Submit, funded: Team, bob: User, member: Member
) -> None:
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=20, period=Period.DAY)
    submit()
    wrong_by(offset)
    with pytest.raises(OutOfCreditsError) as caught:
        submit()
    today = span_of(Period.DAY, database_now())
    assert caught.value.shortage.resets_at == today.end
    quota = balance_of(member(bob, funded)).quota
    assert quota is not None
    assert (quota.held, quota.resets_at) == (18, today.end)


@pytest.mark.parametrize("offset", [timedelta(days=1), timedelta(days=-1)])
def test_a_price_begins_with_the_databases_day(offset: timedelta, wrong_by: Clock, submit: Submit) -> None:
    today = database_now().date()
    for days, rate in ((0, 5), (1, 9)):
        begins = today + timedelta(days=days)
        PriceRow.objects.create(model="ltx-2-3-fast", tier="720p", credits_per_second=rate, valid_from=begins)
    wrong_by(offset)
    assert submit().credits_per_second == 5
