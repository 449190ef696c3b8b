"""What happens to each job after an older database was restored. A real restore is tested in ../faults."""

from io import StringIO

import pytest
from django.core.management import call_command

from generations.accounts.models import Team
from generations.credits.models import HoldState, Wallet
from generations.jobs.models import Attempt, State
from generations.jobs.restore import recheck_restored
from tests.fakes.behaviors import drop, refuse
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit


def test_a_waiting_job_is_never_sent_again(
    submit: Submit, drive: Drive, provider: ScriptedProvider, funded: Team
) -> None:
    generation = submit()
    assert recheck_restored().refunded == [generation.pk]
    drive.send()
    generation.refresh_from_db()
    assert (generation.state, generation.error_type) == (State.FAILED, "restored")
    assert generation.hold.state == HoldState.RELEASED
    assert Wallet.objects.get(team=funded).held == 0
    assert provider.count("submit") == 0


@pytest.mark.parametrize("status", [401, 503])
def test_one_that_was_refused_until_then_may_have_been_sent_since(
    status: int, submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    provider.script("submit", refuse(status))
    generation = submit()
    drive.send()
    assert recheck_restored().refunded == [generation.pk]


def test_one_whose_worker_had_not_yet_posted_is_not_posted(
    submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    generation = submit()
    drive.dispatch()
    assert recheck_restored().refunded == [generation.pk]
    assert not Attempt.objects.exists()


def test_one_that_renders_goes_on_without_its_former_worker(
    submit: Submit, drive: Drive, provider: ScriptedProvider
) -> None:
    generation = submit()
    drive.send()
    recheck = recheck_restored()
    assert (recheck.refunded, recheck.continuing) == ([], 1)
    drive.poll()
    drive.poll()
    drive.save()
    generation.refresh_from_db()
    assert generation.state == State.COMPLETED
    assert provider.count("submit") == 1


def test_an_unknown_outcome_stays_unknown(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    provider.script("submit", drop(is_carried_out=True))
    generation = submit()
    drive.send()
    assert recheck_restored().continuing == 1
    generation.refresh_from_db()
    assert (generation.state, generation.hold.state) == (State.UNCONFIRMED, HoldState.PENDING)


def test_the_command_names_the_jobs_and_audits(submit: Submit) -> None:
    generation = submit()
    told = StringIO()
    call_command("recheck_restored", stdout=told)
    assert str(generation.pk) in told.getvalue()
    assert "1 job failed and refunded, 0 jobs continue.\nThe books close." in told.getvalue()
