import pytest
from django.core import mail
from django.db.models import F
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from generations.accounts.models import User
from generations.common.clock import database_time
from generations.events.models import Alert
from generations.jobs.gate import (
    HALVE_AT_MOST_EVERY,
    allowance,
    gate_of,
    note_accepted,
    note_too_much,
)
from generations.jobs.models import Attempt, Circuit, Gate, Generation
from generations.jobs.states import State
from tests.fakes.behaviors import refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit


@pytest.fixture
def gate(db: None, settings: Settings) -> Gate:
    settings.PROVIDER_CONCURRENCY = 8
    return gate_of(settings.PROVIDER_URL)


def test_a_new_gate_lets_through_what_the_settings_allow(gate: Gate) -> None:
    assert allowance(gate.provider).slots == 8


def test_a_refusal_for_too_much_halves_once_for_a_burst(gate: Gate) -> None:
    for _ in range(5):
        note_too_much(gate.provider, None)
    assert allowance(gate.provider).slots == 4
    Gate.objects.update(halved_at=database_time(-2 * HALVE_AT_MOST_EVERY))
    note_too_much(gate.provider, None)
    assert allowance(gate.provider).slots == 2


def test_it_never_closes_and_grows_by_one_in_a_round(gate: Gate) -> None:
    for _ in range(10):
        Gate.objects.update(halved_at=None)
        note_too_much(gate.provider, None)
    assert allowance(gate.provider).slots == 1
    note_accepted(gate.provider)
    assert allowance(gate.provider).slots == 2
    for _ in range(100):
        note_accepted(gate.provider)
    assert allowance(gate.provider).slots == 8


def test_everybody_waits_as_long_as_the_provider_says(gate: Gate) -> None:
    note_too_much(gate.provider, 30)
    note_too_much(gate.provider, 5)
    assert allowance(gate.provider).slots == 0
    Gate.objects.update(not_before=F("not_before") - HALVE_AT_MOST_EVERY * 5)
    assert allowance(gate.provider).slots == 0
    Gate.objects.update(not_before=F("not_before") - HALVE_AT_MOST_EVERY * 2)
    assert allowance(gate.provider).slots == 4


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
    Attempt.objects.update(started_at=database_time(-HALVE_AT_MOST_EVERY * 13))
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
        assert Gate.objects.get().circuit == Circuit.OPEN

    def test_an_accepted_probe_closes_it_and_everything_goes_on(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("submit", *[refuse(403)] * 3)
        for _ in range(3):
            submit()
        drive.send()
        drive.make_due()
        drive.send()
        assert Gate.objects.get().circuit == Circuit.CLOSED
        assert not Alert.objects.open().exists()
        drive.to_the_end()
        assert set(Generation.objects.values_list("state", flat=True)) == {State.COMPLETED}
