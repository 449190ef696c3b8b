from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from generations.accounts.models import Team
from generations.credits.grants import BadGrantError
from generations.credits.holds import capture_hold
from generations.credits.models import LedgerEntry, RefillMode, RefillRule, Wallet
from generations.credits.reconciliation import CHECKS, run_checks
from generations.credits.refills import refill_wallets, set_refill
from tests.credits.holds import hold_credits

# Beyond the database's own clock, so that credits that end are granted in time.
MAY = datetime(2031, 5, 20, 12, tzinfo=UTC)
JUNE = datetime(2031, 6, 1, tzinfo=UTC)
JULY = datetime(2031, 7, 1, tzinfo=UTC)


@pytest.fixture
def rule_of(alice):
    def make(team, amount=500, mode=RefillMode.TOP_UP, *, does_expire=False, is_on=True, moment=MAY):
        return set_refill(
            team=team, amount=amount, mode=mode, does_expire=does_expire, is_on=is_on, actor=alice, moment=moment
        )

    return make


def posted(team) -> int:
    return Wallet.objects.get(team=team).posted


def books_close() -> bool:
    return not list(run_checks(CHECKS))


def test_the_first_refill_is_on_the_first_of_the_next_month(team, rule_of):
    rule_of(team)
    assert refill_wallets(JUNE - timedelta(seconds=1)) == 0
    assert refill_wallets(JUNE) == 1
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.posted_change, entry.reason, entry.actor) == (
        "grant",
        500,
        "Monthly credits for June 2031",
        None,
    )
    assert RefillRule.objects.get().next_at == JULY
    assert refill_wallets(JUNE) == 0
    assert books_close()


def test_the_month_begins_in_the_time_zone_of_the_team(team, rule_of):
    Team.objects.filter(pk=team.pk).update(time_zone="Pacific/Auckland")
    team.refresh_from_db()
    rule_of(team)
    assert refill_wallets(JUNE - timedelta(hours=13)) == 0
    assert refill_wallets(JUNE - timedelta(hours=12)) == 1
    assert RefillRule.objects.get().next_at.astimezone(ZoneInfo("Pacific/Auckland")).day == 1


def test_top_up_fills_to_the_amount(funded, bob, member, rule_of):
    rule_of(funded, 1200)
    refill_wallets(JUNE)
    assert posted(funded) == 1200
    refill_wallets(JULY)
    assert posted(funded) == 1200
    assert LedgerEntry.objects.count() == 2


def test_add_ignores_the_balance(funded, rule_of):
    rule_of(funded, 300, RefillMode.ADD)
    refill_wallets(JUNE)
    refill_wallets(JULY)
    assert posted(funded) == 1600


def test_the_previous_refill_expires_first(funded, bob, member, rule_of):
    rule_of(funded, 300, RefillMode.ADD, does_expire=True)
    refill_wallets(JUNE)
    hold_id = hold_credits(member(bob, funded), 120)
    capture_hold(hold_id=hold_id, amount=120)
    refill_wallets(JULY)
    assert posted(funded) == 1300
    assert [e.posted_change for e in LedgerEntry.objects.filter(kind="expiry")] == [-180]
    assert books_close()


def test_missed_months_are_refilled_later(funded, rule_of):
    rule_of(funded, 100, RefillMode.ADD)
    august = datetime(2031, 8, 15, tzinfo=UTC)
    assert [refill_wallets(august) for _ in range(4)] == [1, 1, 1, 0]
    assert posted(funded) == 1300


def test_missed_refills_that_would_have_expired_are_skipped(funded, rule_of):
    rule_of(funded, 100, RefillMode.ADD, does_expire=True)
    august = datetime(2031, 8, 15, tzinfo=UTC)
    assert [refill_wallets(august) for _ in range(4)] == [1, 1, 1, 0]
    assert posted(funded) == 1100
    assert LedgerEntry.objects.latest("id").reason == "Monthly credits for August 2031"


def test_a_rule_that_is_off_does_nothing_and_starts_again_when_switched_on(funded, rule_of):
    rule_of(funded, is_on=False)
    assert refill_wallets(JULY) == 0
    rule_of(funded, 100, RefillMode.ADD, moment=JULY + timedelta(days=3))
    assert refill_wallets(JULY + timedelta(days=4)) == 0
    assert posted(funded) == 1000


def test_a_refill_needs_a_positive_amount(team, rule_of):
    with pytest.raises(BadGrantError):
        rule_of(team, 0)
    assert not RefillRule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_tasks_refill_once(funded, rule_of):
    rule_of(funded, 300, RefillMode.ADD)

    def beat(_: int) -> int:
        try:
            return refill_wallets(JUNE)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(beat, range(16))) == 1
    assert posted(funded) == 1300


ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Pacific/Chatham")


@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=12, max_size=12),
    after=st.timedeltas(timedelta(0), timedelta(days=364)),
)
def test_a_year_has_twelve_refills_even_if_the_time_zone_changes(zones, after):
    """The rule's own calendar: whatever zone the team is in by then, a month has one refill, on its first day."""
    from generations.credits.refills import _HALF_A_MONTH, _first_after

    moment = _first_after(datetime(2031, 1, 1, tzinfo=UTC) + after, Team(time_zone=zones[0]))
    months = []
    for zone in zones:
        months.append((moment + timedelta(days=2)).month)
        moment = _first_after(moment + _HALF_A_MONTH, Team(time_zone=zone))
        assert moment.astimezone(ZoneInfo(zone)).day == 1
    assert sorted(months) == list(range(1, 13))
