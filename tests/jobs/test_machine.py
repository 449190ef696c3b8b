"""Random actions on jobs, compared with a simple model; and the proof that this finds a planted mistake."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.credits import holds
from generations.credits.models import Hold, LedgerEntry
from generations.jobs.submit import GenerationRequest
from tests.fakes.provider import ScriptedProvider

from .machine import Jobs
from .rows import Member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def machine(
    provider: ScriptedProvider,
    settings: Settings,
    generation_request: GenerationRequest,
    funded: Team,
    bob: User,
    member: Member,
) -> Callable[[], Jobs]:
    settings.POLL_INTERVAL = timedelta(hours=1)
    settings.MISSING_AFTER = timedelta(0)
    settings.MAX_LOSSES = 1000
    membership = member(bob, funded)
    return lambda: Jobs(provider, membership, generation_request)


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A ledger that lets a hold settle twice: the code without its condition, the database without its rules."""
    monkeypatch.setattr(holds, "_pending", lambda hold_id: Hold.objects.filter(pk=hold_id))
    index = LedgerEntry._meta.constraints[0]
    assert index.name == "entry_settles_hold_once"
    with connection.schema_editor() as editor:
        editor.remove_constraint(LedgerEntry, index)
        editor.execute("ALTER TABLE generations_hold DISABLE TRIGGER USER")
    yield
    with connection.schema_editor() as editor:
        editor.execute("TRUNCATE generations_ledgerentry, generations_lot")
        editor.execute("ALTER TABLE generations_hold ENABLE TRIGGER USER")
        editor.add_constraint(LedgerEntry, index)


def test_whatever_happens_every_job_is_settled_once(machine: Callable[[], Jobs]) -> None:
    run_state_machine_as_test(machine, settings=hypothesis_settings(max_examples=40, stateful_step_count=25))


def test_a_planted_double_settle_is_found(machine: Callable[[], Jobs], unguarded: None) -> None:
    """Found by the audit, or by the wallet's constraint if nothing else is held."""
    # The first failure is enough: do not look for others or shrink it.
    settings = hypothesis_settings(
        max_examples=200, stateful_step_count=25, derandomize=True, database=None, phases=[Phase.generate]
    )
    with pytest.raises((AssertionError, IntegrityError), match=r"settled 2 times|wallet_held_not_negative"):
        run_state_machine_as_test(machine, settings=settings)
