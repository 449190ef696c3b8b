"""A message may arrive three times, late, or after another worker has acquired the job."""

import pytest
from django.db import connection
from django.db.models.functions import Now

from generations.credits.models import LedgerEntry
from generations.jobs.dispatch import _DISPATCH_LOCK, dispatch_due, start_next
from generations.jobs.models import Generation, State
from generations.jobs.saving import save_generation
from generations.jobs.sending import send_generation
from generations.jobs.transitions import Lease, LostLeaseError
from tests.fakes.provider import ScriptedProvider

from .conftest import Drive
from .rows import Submit, reloaded


def test_three_deliveries_send_once(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    generation = submit()
    drive.dispatch()
    fence = reloaded(generation).fence
    for _ in range(3):
        send_generation(generation.pk, fence)
    assert provider.count("submit") == 1


def test_three_deliveries_save_once(saving: Generation, provider: ScriptedProvider) -> None:
    fence = reloaded(saving).fence
    for _ in range(3):
        save_generation(saving.pk, fence)
    assert reloaded(saving).state == State.COMPLETED
    assert provider.count("download") == 1
    assert LedgerEntry.objects.filter(kind="capture").count() == 1


def test_a_week_old_message_does_nothing(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    generation = submit()
    drive.to_the_end()
    for fence in range(8):
        send_generation(generation.pk, fence)
        save_generation(generation.pk, fence)
    assert provider.count("submit") == 1
    assert provider.count("download") == 1


def test_a_holder_that_wakes_late_writes_nothing(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    generation = submit()
    drive.dispatch()
    late = Lease(generation.pk, reloaded(generation).fence)
    drive.make_due()
    drive.send()
    with pytest.raises(LostLeaseError):
        late.move(State.SUBMITTING, State.QUEUED)
    with pytest.raises(LostLeaseError):
        late.renew()


def test_a_suspended_dispatcher_does_not_stop_another(submit: Submit, drive: Drive, provider: ScriptedProvider) -> None:
    abandoned = submit()
    assert start_next() is not None
    Generation.objects.filter(pk=abandoned.pk).update(lease_until=None, next_action_at=Now())
    waiting = submit()
    suspended = connection.copy()
    try:
        with suspended.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_DISPATCH_LOCK])
        assert dispatch_due() is None
    finally:
        suspended.close()
    assert reloaded(abandoned).fence == 2
    assert reloaded(waiting).state == State.QUEUED
    assert dispatch_due() == (waiting.pk, 1)
