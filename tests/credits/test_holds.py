from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from generations.accounts.models import Membership, Team, User
from generations.credits.balances import balance_of
from generations.credits.errors import OutOfCreditsError
from generations.credits.grants import BadGrantError, correct_credits, grant_credits
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import EntryKind, Hold, HoldState, LedgerEntry, Quota, Wallet
from generations.credits.periods import span_of
from generations.credits.reconciliation import CHECKS, run_checks
from tests.credits.holds import hold_credits

Member = Callable[[User, Team], Membership]


def books_close() -> bool:
    return not list(run_checks(CHECKS))


def test_a_hold_reserves_and_a_capture_charges(funded: Team, bob: User, member: Member) -> None:
    membership = member(bob, funded)
    hold_id = hold_credits(membership, 36)
    assert (balance_of(membership).available, balance_of(membership).held) == (964, 36)

    assert capture_hold(hold_id=hold_id, amount=36)
    assert (balance_of(membership).available, balance_of(membership).held) == (964, 0)
    kinds = [(entry.kind, entry.available_after) for entry in LedgerEntry.objects.order_by("id")]
    assert kinds == [("grant", 1000), ("hold", 964), ("capture", 964)]
    assert books_close()


def test_a_refused_hold_changes_nothing(funded: Team, bob: User, member: Member) -> None:
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=10)
    with pytest.raises(OutOfCreditsError):
        hold_credits(member(bob, funded), 36)
    assert (Wallet.objects.get().held, Hold.objects.count()) == (0, 0)


def test_a_partial_capture_gives_the_rest_back(funded: Team, bob: User, member: Member) -> None:
    hold_id = hold_credits(member(bob, funded), 36)
    assert capture_hold(hold_id=hold_id, amount=18)
    assert balance_of(member(bob, funded)).available == 982
    assert books_close()


def test_more_than_the_hold_cannot_be_captured(funded: Team, bob: User, member: Member) -> None:
    hold_id = hold_credits(member(bob, funded), 36)
    with pytest.raises(IntegrityError), transaction.atomic():
        capture_hold(hold_id=hold_id, amount=37)
    assert Hold.objects.get().state == HoldState.PENDING


@pytest.mark.parametrize("first", ["capture", "release"])
@pytest.mark.parametrize("second", ["capture", "release"])
def test_a_hold_settles_once(first: str, second: str, funded: Team, bob: User, member: Member) -> None:
    settle = {
        "capture": lambda hold_id: capture_hold(hold_id=hold_id, amount=36),
        "release": lambda hold_id: release_hold(hold_id=hold_id, reason="failed"),
    }
    hold_id = hold_credits(member(bob, funded), 36)
    assert settle[first](hold_id)
    assert not settle[second](hold_id)
    assert balance_of(member(bob, funded)).available == (964 if first == "capture" else 1000)
    assert books_close()


def test_a_shortage_of_an_empty_wallet_has_all_figures_and_contacts(
    team: Team, alice: User, bob: User, member: Member
) -> None:
    with pytest.raises(OutOfCreditsError) as caught:
        hold_credits(member(bob, team), 36)
    shortage = caught.value.shortage
    assert (shortage.required, shortage.available, shortage.held, shortage.limit) == (36, 0, 0, "wallet")
    assert shortage.contacts == (alice.email,)
    assert not Hold.objects.exists()


def test_a_quota_limits_its_member_and_no_other(funded: Team, alice: User, bob: User, member: Member) -> None:
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=50)
    hold_credits(member(bob, funded), 36)
    with pytest.raises(OutOfCreditsError) as caught:
        hold_credits(member(bob, funded), 36)
    shortage = caught.value.shortage
    assert (shortage.limit, shortage.available, shortage.held) == ("member", 14, 36)
    assert shortage.resets_at == span_of("month", datetime.now(UTC)).end
    assert balance_of(member(bob, funded)).held == 36
    hold_credits(member(alice, funded), 36)
    assert books_close()


def test_a_returned_hold_gives_the_quota_back(funded: Team, bob: User, member: Member) -> None:
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=36)
    hold_id = hold_credits(member(bob, funded), 36)
    release_hold(hold_id=hold_id, reason="failed")
    assert balance_of(member(bob, funded)).spendable == 36


@pytest.mark.django_db(transaction=True)
def test_parallel_holds_reserve_exactly_what_is_available(funded: Team, alice: User, member: Member) -> None:
    membership = member(alice, funded)

    def hold(_: int) -> int | None:
        try:
            return hold_credits(membership, 140)
        except OutOfCreditsError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        placed = [hold_id for hold_id in pool.map(hold, range(40)) if hold_id]
    assert len(placed) == 7
    assert balance_of(membership).available == 20
    assert books_close()


@pytest.mark.django_db(transaction=True)
def test_a_parallel_quota_is_not_overdrawn(funded: Team, bob: User, member: Member) -> None:
    membership = member(bob, funded)
    Quota.objects.create(team=membership.team, membership=membership, cap=100)

    def hold(_: int) -> bool:
        try:
            return bool(hold_credits(membership, 30))
        except OutOfCreditsError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(hold, range(16))) == 3
    assert books_close()


@pytest.mark.django_db(transaction=True)
def test_capture_and_release_at_once_settle_once(funded: Team, bob: User, member: Member) -> None:
    holds = [hold_credits(member(bob, funded), 10) for _ in range(20)]

    def settle(job: tuple[int, bool]) -> bool:
        hold_id, is_capture = job
        try:
            if is_capture:
                return capture_hold(hold_id=hold_id, amount=10)
            return release_hold(hold_id=hold_id, reason="canceled")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(settle, [(hold_id, kind) for hold_id in holds for kind in (True, False)]))
    assert sum(won) == 20
    captured = Hold.objects.filter(state=HoldState.CAPTURED).count()
    assert balance_of(member(bob, funded)).posted == 1000 - 10 * captured
    assert books_close()


class TestTheDatabaseItself:
    """Rules that the database enforces whatever the code does."""

    @pytest.fixture
    def hold(self, funded: Team, bob: User, member: Member) -> Hold:
        return Hold.objects.get(pk=hold_credits(member(bob, funded), 36))

    def refused(self, sql: str, *params: object) -> str:
        """Run the statement up to its deferred checks and return why the database refused it."""
        with pytest.raises(DatabaseError) as caught:
            self.run(sql, *params)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        return str(caught.value)

    @transaction.atomic
    def run(self, sql: str, *params: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_an_entry_is_never_changed_nor_deleted(self, hold: Hold) -> None:
        assert "Cannot update or delete" in self.refused("UPDATE generations_ledgerentry SET reason = 'other'")
        assert "Cannot update or delete" in self.refused("DELETE FROM generations_ledgerentry")

    def test_a_wallet_follows_its_entries(self, hold: Hold) -> None:
        assert "does not follow" in self.refused("UPDATE generations_wallet SET posted = posted + 1")
        assert "does not follow" in self.refused("UPDATE generations_wallet SET held = 0")

    def test_available_is_never_below_zero(self, hold: Hold) -> None:
        assert "wallet_available_not_negative" in self.refused("UPDATE generations_wallet SET held = posted + 1")

    def test_an_entry_continues_the_one_before(self, hold: Hold) -> None:
        assert "does not continue" in self.refused(
            """
            INSERT INTO generations_ledgerentry
                (wallet_id, kind, posted_change, held_change, posted_after, held_after, reason)
            VALUES (%s, 'grant', 5, 0, 5, 0, 'x')
            """,
            hold.wallet_id,
        )

    def test_a_settled_hold_is_frozen(self, hold: Hold) -> None:
        release_hold(hold_id=hold.pk, reason="failed")
        assert "already released" in self.refused("UPDATE generations_hold SET state = 'pending'")
        assert "already released" in self.refused("UPDATE generations_hold SET state = 'captured', captured = 36")

    def test_a_pending_hold_keeps_its_amount(self, hold: Hold) -> None:
        assert "may only be settled" in self.refused("UPDATE generations_hold SET amount = 1")

    def test_a_hold_is_never_deleted(self, hold: Hold) -> None:
        assert "Cannot delete" in self.refused("DELETE FROM generations_hold")


def test_a_grant_needs_an_amount_and_a_reason(team: Team, alice: User) -> None:
    for amount, reason in ((0, "x"), (-5, "x"), (5, " ")):
        with pytest.raises(BadGrantError):
            grant_credits(team=team, amount=amount, reason=reason, actor=alice)
    assert not LedgerEntry.objects.exists()


def test_a_correction_keeps_reserved_credits(funded: Team, alice: User, bob: User, member: Member) -> None:
    hold_credits(member(bob, funded), 900)
    with pytest.raises(BadGrantError, match="Only 100 credits"):
        correct_credits(team=funded, amount=-101, reason="granted twice", actor=alice)
    entry = correct_credits(team=funded, amount=-100, reason="granted twice", actor=alice)
    assert (entry.kind, entry.available_after) == (EntryKind.CORRECTION, 0)
    assert books_close()


def test_reconciliation_finds_what_the_triggers_would_prevent(funded: Team) -> None:
    def tamper(posted: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            Wallet.objects.update(posted=posted)
            cursor.execute("SET session_replication_role = origin")

    tamper(999)
    assert [finding.rule for finding in run_checks(CHECKS)] == [
        "a wallet's balances differ from the sum of its entries",
        "a wallet's lots do not sum up to what it owns",
    ]
    tamper(1000)
    assert books_close()
