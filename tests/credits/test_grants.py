from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from generations.accounts.teams import create_team
from generations.common.clock import database_now
from generations.credits.errors import OutOfCreditsError
from generations.credits.grants import BadGrantError, correct_credits, expire_lots, grant_credits, transfer_credits
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import LedgerEntry, Lot, Wallet
from generations.credits.reconciliation import CHECKS, run_checks
from tests.conftest import make_user
from tests.credits.holds import hold_credits

DAY = timedelta(days=1)


def lots(team) -> list[tuple[int, bool]]:
    """The remaining credits of each lot, and whether it expires."""
    found = Lot.objects.filter(wallet__team=team, remaining__gt=0).order_by("id")
    return [(lot.remaining, lot.expires_at is not None) for lot in found]


def books_close() -> bool:
    return not list(run_checks(CHECKS))


@pytest.fixture
def now(db) -> datetime:
    return database_now()


@pytest.fixture
def mixed(funded, alice, now):
    """1,000 credits without expiry, and 300 that expire after a day."""
    grant_credits(team=funded, amount=300, reason="trial", actor=alice, expires_at=now + DAY)
    return funded


def test_credits_that_expire_first_are_spent_first(mixed, bob, member):
    hold_id = hold_credits(member(bob, mixed), 200)
    capture_hold(hold_id=hold_id, amount=200)
    assert lots(mixed) == [(1000, False), (100, True)]
    assert books_close()


def test_unspent_credits_expire_with_a_ledger_entry(mixed, now):
    assert expire_lots(now + 2 * DAY) == 300
    assert lots(mixed) == [(1000, False)]
    entry = LedgerEntry.objects.order_by("id").last()
    assert (entry.kind, entry.posted_change, entry.posted_after) == ("expiry", -300, 1000)
    assert expire_lots(now + 2 * DAY) == 0
    assert books_close()


def test_nothing_expires_early(mixed, now):
    assert expire_lots(now + DAY / 2) == 0
    assert Wallet.objects.get(team=mixed).posted == 1300


@pytest.mark.parametrize(("is_charged", "left"), [(True, [(1000, False)]), (False, [(1000, False)])])
def test_reserved_credits_do_not_expire_until_the_job_ends(mixed, bob, member, now, is_charged, left):
    hold_id = hold_credits(member(bob, mixed), 120)
    assert expire_lots(now + 2 * DAY) == 180
    assert lots(mixed) == [(1000, False), (120, True)]
    if is_charged:
        capture_hold(hold_id=hold_id, amount=120)
        assert expire_lots(now + 2 * DAY) == 0
    else:
        release_hold(hold_id=hold_id, reason="failed")
        assert expire_lots(now + 2 * DAY) == 120
    assert lots(mixed) == left
    assert books_close()


def test_a_grant_cannot_expire_in_the_past(team, alice, now):
    with pytest.raises(BadGrantError, match="future"):
        grant_credits(team=team, amount=5, reason="late", actor=alice, expires_at=now - DAY)
    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_expiry_during_captures_removes_only_free_credits(mixed, bob, member):
    """Twenty captures and four expiries in parallel: each credit is removed once."""
    membership, later = member(bob, mixed), database_now() + 2 * DAY
    holds = [hold_credits(membership, 10) for _ in range(20)]

    def work(job: int) -> int:
        try:
            if job % 6 == 5:
                return expire_lots(later)
            return -int(capture_hold(hold_id=holds.pop(), amount=10))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(24)))
    assert done.count(-1) == 20
    assert sum(went for went in done if went > 0) == 100
    assert lots(mixed) == [(1000, False)]
    assert books_close()


def test_a_transfer_is_two_entries_with_one_id(funded, other_team, alice):
    transfer = transfer_credits(source=funded, target=other_team, amount=400, reason="lent", actor=alice)
    told = LedgerEntry.objects.filter(transfer=transfer).order_by("posted_change")
    assert [(e.wallet.team, e.posted_change, e.reason) for e in told] == [
        (funded, -400, "To Harbour: lent"),
        (other_team, 400, "From Lighthouse: lent"),
    ]
    assert books_close()


def test_transferred_credits_keep_their_expiry(mixed, other_team, alice, now):
    transfer_credits(source=mixed, target=other_team, amount=350, reason="lent", actor=alice)
    assert lots(other_team) == [(300, True), (50, False)]
    assert lots(mixed) == [(950, False)]
    assert expire_lots(now + 2 * DAY) == 300
    assert books_close()


@pytest.mark.parametrize(
    ("amount", "reason", "said"), [(0, "x", "at least 1"), (901, "x", "only 900"), (5, "  ", "Enter a reason")]
)
def test_an_invalid_transfer_changes_nothing(funded, other_team, alice, bob, member, amount, reason, said):
    hold_credits(member(bob, funded), 100)
    with pytest.raises(BadGrantError, match=said):
        transfer_credits(source=funded, target=other_team, amount=amount, reason=reason, actor=alice)
    assert Wallet.objects.get(team=funded).posted == 1000


@pytest.mark.django_db(transaction=True)
def test_parallel_transfers_in_both_directions_do_not_deadlock(funded, other_team, alice):
    grant_credits(team=other_team, amount=1000, reason="opening balance", actor=alice)

    def work(job: int) -> None:
        source, target = (funded, other_team) if job % 2 else (other_team, funded)
        try:
            transfer_credits(source=source, target=target, amount=10, reason="to and fro", actor=alice)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert list(Wallet.objects.values_list("posted", flat=True)) == [1000, 1000]
    assert books_close()


class NaiveWallet:
    """A naive model of lots: a list, sorted before each expense."""

    def __init__(self) -> None:
        self.lots: list[dict[str, Any]] = []
        self.holds: dict[int, int] = {}

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def free(self) -> int:
        return sum(lot["left"] for lot in self.lots) - self.held

    def in_order(self) -> list[dict[str, Any]]:
        return sorted(self.lots, key=lambda lot: (lot["ends"] is None, lot["ends"], lot["nth"]))

    def take(self, amount: int) -> None:
        for lot in self.in_order():
            taken = min(amount, lot["left"])
            lot["left"] -= taken
            amount -= taken

    def expire(self, day: int) -> None:
        kept = self.held
        for lot in self.in_order():
            mine = min(kept, lot["left"])
            kept -= mine
            if lot["ends"] is not None and lot["ends"] <= day:
                lot["left"] = mine


class LotsMachine(RuleBasedStateMachine):
    """Grants, holds, captures, releases, corrections and expiries in any order, beside the naive wallet."""

    holds = Bundle("holds")

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.user = make_user(uuid4().hex)
        self.team = create_team(name="Machine", owner=self.user)
        self.membership = self.team.memberships.select_related("team", "user").get()
        self.naive, self.nth, self.day, self.start = NaiveWallet(), count(), 0, database_now()

    def at(self, day: int) -> datetime:
        return self.start + day * DAY

    @rule(amount=st.integers(1, 50), days=st.none() | st.integers(1, 9))
    def grant(self, amount: int, days: int | None) -> None:
        ends = None if days is None else self.day + days
        at = None if ends is None else self.at(ends)
        grant_credits(team=self.team, amount=amount, reason="grant", actor=self.user, expires_at=at)
        self.naive.lots.append({"left": amount, "ends": ends, "nth": next(self.nth)})

    @rule(target=holds, amount=st.integers(1, 60))
    def hold(self, amount: int) -> int:
        try:
            hold_id = hold_credits(self.membership, amount)
        except OutOfCreditsError:
            assert self.naive.free < amount
            return 0
        assert self.naive.free >= amount
        self.naive.holds[hold_id] = amount
        return hold_id

    @rule(hold_id=consumes(holds), share=st.integers(0, 100))
    def capture(self, hold_id: int, share: int) -> None:
        if hold_id:
            charged = self.naive.holds.pop(hold_id) * share // 100
            assert capture_hold(hold_id=hold_id, amount=charged)
            self.naive.take(charged)

    @rule(hold_id=consumes(holds))
    def release(self, hold_id: int) -> None:
        if hold_id:
            del self.naive.holds[hold_id]
            assert release_hold(hold_id=hold_id, reason="failed")

    @rule(amount=st.integers(1, 30))
    def take_back(self, amount: int) -> None:
        if amount <= self.naive.free:
            correct_credits(team=self.team, amount=-amount, reason="mistake", actor=self.user)
            self.naive.take(amount)

    @rule(days=st.integers(0, 5))
    def time_passes(self, days: int) -> None:
        self.day += days
        expire_lots(self.at(self.day))
        self.naive.expire(self.day)

    @invariant()
    def they_agree(self) -> None:
        if hasattr(self, "team"):
            kept = Lot.objects.filter(wallet__team=self.team).order_by("id").values_list("remaining", flat=True)
            assert list(kept) == [lot["left"] for lot in self.naive.lots]
            assert books_close()

    def teardown(self) -> None:
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)


class TestLots(LotsMachine.TestCase, TestCase):  # type: ignore[name-defined, misc]
    settings = hypothesis_settings(max_examples=25, stateful_step_count=25)
