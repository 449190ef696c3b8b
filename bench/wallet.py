"""Pairs of hold and capture per second on one shared wallet, compared with the same statements in psycopg.

    python -m bench.wallet [--clients 8] [--seconds 1] [--rounds 9]

`limit` uses copies of the three tables with our constraints and indexes, but without triggers and foreign keys; each
pair is two statements in autocommit. `ours` reads the quota and calls `place_hold`, then `capture_hold`. Each client is
a process. Rounds are interleaved; the figure is the median.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from uuid import uuid4

import psycopg
from django.db import connection, transaction

from bench._environment import report
from generations.accounts.models import Membership, User
from generations.accounts.teams import create_team
from generations.credits.grants import grant_credits
from generations.credits.holds import capture_hold, place_hold
from generations.credits.quotas import effective_quota
from generations.credits.reconciliation import CHECKS, run_checks

AMOUNT = 36
TEAM_CREDITS = 10**12
TABLES = ("wallet", "hold", "ledgerentry")

HOLD = """
WITH wallet AS (
    UPDATE bare.wallet SET held = held + %(amount)s WHERE id = %(wallet)s AND posted - held >= %(amount)s
    RETURNING id, posted, held
), hold AS (
    INSERT INTO bare.hold (wallet_id, user_id, reference, amount, state)
    SELECT id, %(user)s, %(reference)s, %(amount)s, 'pending' FROM wallet RETURNING id
), entry AS (
    INSERT INTO bare.ledgerentry
        (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, actor_id, reason)
    SELECT wallet.id, 'hold', 0, %(amount)s, posted, held, hold.id, %(user)s, '' FROM wallet, hold
)
SELECT id FROM hold
"""
CAPTURE = """
WITH hold AS (
    UPDATE bare.hold SET state = 'captured', captured = amount, settled_at = statement_timestamp()
    WHERE id = %(hold)s AND state = 'pending' RETURNING id, wallet_id, amount
), wallet AS (
    UPDATE bare.wallet w SET posted = posted - amount, held = held - amount
    FROM hold WHERE w.id = hold.wallet_id RETURNING w.id, posted, held
)
INSERT INTO bare.ledgerentry
    (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, reason)
SELECT wallet.id, 'capture', -amount, -amount, posted, held, hold.id, '' FROM wallet, hold
"""

Client = Callable[[float], int]


def limit(wallet: int, user: int, seconds: float) -> int:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as bare:
        parameters = {"wallet": wallet, "user": user, "amount": AMOUNT}
        pairs, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            row = bare.execute(HOLD, {**parameters, "reference": uuid4()}).fetchone()
            assert row is not None
            assert bare.execute(CAPTURE, {"hold": row[0]}).rowcount == 1
            pairs += 1
    return pairs


def ours(membership: Membership, seconds: float) -> int:
    connection.connect()
    pairs, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with transaction.atomic():
            quota = effective_quota(membership)
            hold = place_hold(membership=membership, reference=uuid4(), amount=AMOUNT, quota=quota)
        assert capture_hold(hold_id=hold.pk, amount=AMOUNT)
        pairs += 1
    connection.close()
    return pairs


def rate(client: Client, clients: int, seconds: float) -> float:
    """Pairs per second of all processes together."""
    with get_context("fork").Pool(clients) as pool:
        return sum(pool.map(client, [seconds] * clients, chunksize=1)) / seconds


def make_rich_team() -> Membership:
    owner = User.objects.create_user("owner@example.com")
    team = create_team(name="Bench", owner=owner)
    grant_credits(team=team, amount=TEAM_CREDITS, reason="bench")
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA bare")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE bare.{table} (LIKE generations_{table} INCLUDING ALL)")
        cursor.execute("INSERT INTO bare.wallet OVERRIDING SYSTEM VALUE SELECT * FROM generations_wallet")
    return Membership.objects.select_related("team", "user").get(team=team)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    membership = make_rich_team()
    programs: dict[str, Client] = {
        "limit": partial(limit, membership.team.wallet.pk, membership.user_id),
        "ours": partial(ours, membership),
    }
    rates: dict[str, list[float]] = {name: [] for name in programs}
    connection.close()  # the clients are forks of this process
    for _ in range(options.rounds):
        for name, client in programs.items():
            rates[name].append(rate(client, options.clients, options.seconds))
    assert not list(run_checks(CHECKS)), "the books do not balance"
    for name, measured in rates.items():
        report(f"wallet.{name}", statistics.median(measured), "pairs/s")
    ratios = [mine / most for mine, most in zip(rates["ours"], rates["limit"], strict=True)]
    report("wallet.ours_to_limit", statistics.median(ratios), "ratio")


if __name__ == "__main__":
    main()
