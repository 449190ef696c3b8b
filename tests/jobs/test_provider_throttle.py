import pytest
from django.core import mail
from django.db.models import F
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from generations.accounts.models import User
from generations.common.clock import database_time
from generations.events.models import Alert
from generations.jobs.models import Attempt, Circuit, Generation, ProviderThrottle, State
from generations.jobs.provider_throttle import (
    MIN_TIME_BETWEEN_HALVINGS,
    allowance,
    record_accepted,
    record_overload,
    throttle_for,
)
from tests.fakes.behaviors import refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit


@pytest.fixture
def throttle(db: None, settings: Settings) -> ProviderThrottle:
    settings.PROVIDER_CONCURRENCY = 8
    return throttle_for(settings.PROVIDER_URL)


def test_a_new_throttle_allows_what_the_settings_allow(throttle: ProviderThrottle) -> None:
    assert allowance(throttle.provider).slots == 8


def test_a_refusal_for_too_much_halves_once_for_a_burst(throttle: ProviderThrottle) -> None:
    for _ in range(5):
        record_overload(throttle.provider, None)
    assert allowance(throttle.provider).slots == 4
    ProviderThrottle.objects.update(halved_at=database_time(-2 * MIN_TIME_BETWEEN_HALVINGS))
    record_overload(throttle.provider, None)
    assert allowance(throttle.provider).slots == 2


def test_it_never_closes_and_grows_by_one_in_a_round(throttle: ProviderThrottle) -> None:
    for _ in range(10):
        ProviderThrottle.objects.update(halved_at=None)
        record_overload(throttle.provider, None)
    assert allowance(throttle.provider).slots == 1
    record_accepted(throttle.provider)
    assert allowance(throttle.provider).slots == 2
    for _ in range(100):
        record_accepted(throttle.provider)
    assert allowance(throttle.provider).slots == 8


def test_all_workers_wait_as_long_as_retry_after_says(throttle: ProviderThrottle) -> None:
    record_overload(throttle.provider, 30)
    record_overload(throttle.provider, 5)
    assert allowance(throttle.provider).slots == 0
    ProviderThrottle.objects.update(not_before=F("not_before") - MIN_TIME_BETWEEN_HALVINGS * 5)
    assert allowance(throttle.provider).slots == 0
    ProviderThrottle.objects.update(not_before=F("not_before") - MIN_TIME_BETWEEN_HALVINGS * 2)
    assert allowance(throttle.provider).slots == 4


def test_no_more_are_sent_in_a_minute_than_the_settings_say(
    submit: Submit, drive: Drive, provider: ScriptedProvider, settings: Settings
) -> None:
    settings.PROVIDER_RATE = 2
    for _ in range(4):
        submit()
    drive.send()
    assert provider.count("submit") == 2
    drive.dispatch()
    assert Generation.objects.filter(state=State.QUEUED).count() == 2
    Attempt.objects.update(started_at=database_time(-MIN_TIME_BETWEEN_HALVINGS * 13))
    drive.send()
    assert provider.count("submit") == 4


class TestTheCircuit:
    @pytest.fixture
    def staff(self, alice: User) -> User:
        alice.is_staff = True
        alice.save()
        return alice

    def test_it_opens_on_a_fault_of_our_account_and_staff_are_told_once(
        self,
        staff: User,
        submit: Submit,
        drive: Drive,
        provider: ScriptedProvider,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        provider.always("submit", refuse(402, message="Insufficient funds."))
        jobs = [submit() for _ in range(3)]
        with django_capture_on_commit_callbacks(execute=True):
            drive.send()
        states = set(Generation.objects.values_list("state", flat=True))
        assert states == {State.PARKED}
        (letter,) = mail.outbox
        assert letter.to == [staff.email]
        assert "Insufficient funds." in letter.body
        assert Alert.objects.open().count() == 1
        assert len(jobs) == provider.count("submit")

    def test_while_it_is_open_one_probe_at_a_time_is_sent(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.always("submit", refuse(401))
        for _ in range(3):
            submit()
        drive.send()
        sent = provider.count("submit")
        drive.send()
        assert provider.count("submit") == sent
        drive.make_due()
        drive.send()
        drive.send()
        assert provider.count("submit") == sent + 1
        assert ProviderThrottle.objects.get().circuit == Circuit.OPEN

    def test_an_accepted_probe_closes_it_and_everything_goes_on(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("submit", *[refuse(403)] * 3)
        for _ in range(3):
            submit()
        drive.send()
        drive.make_due()
        drive.send()
        assert ProviderThrottle.objects.get().circuit == Circuit.CLOSED
        assert not Alert.objects.open().exists()
        drive.to_the_end()
        assert set(Generation.objects.values_list("state", flat=True)) == {State.COMPLETED}
