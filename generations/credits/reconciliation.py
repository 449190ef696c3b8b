"""Reconciliation of the ledger: check every rule of the books against the stored rows.

Constraints and triggers should make every finding impossible. A finding is reported, never repaired.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

# Each query returns one text for every row that breaks its rule.
CHECKS: dict[str, str] = {
    "a wallet's balances differ from the sum of its entries": """
        SELECT format('wallet %s: posted %s, entries %s; held %s, entries %s', w.id, w.posted, s.posted, w.held, s.held)
        FROM generations_wallet w
        CROSS JOIN LATERAL (
            SELECT COALESCE(SUM(posted_change), 0) AS posted, COALESCE(SUM(held_change), 0) AS held
            FROM generations_ledgerentry WHERE wallet_id = w.id
        ) s
        WHERE w.posted <> s.posted OR w.held <> s.held
    """,
    "what a wallet holds differs from its pending holds": """
        SELECT format('wallet %s: held %s, pending holds %s', w.id, w.held, s.amount)
        FROM generations_wallet w
        CROSS JOIN LATERAL (
            SELECT COALESCE(SUM(amount), 0) AS amount
            FROM generations_hold WHERE wallet_id = w.id AND state = 'pending'
        ) s
        WHERE w.held <> s.amount
    """,
    "a wallet is below zero": """
        SELECT format('wallet %s: posted %s, held %s', id, posted, held)
        FROM generations_wallet WHERE posted < 0 OR held < 0 OR posted < held
    """,
    "an entry does not continue the one before it": """
        SELECT format('entry %s of wallet %s', id, wallet_id) FROM (
            SELECT id, wallet_id, posted_after, held_after,
                SUM(posted_change) OVER chain AS posted, SUM(held_change) OVER chain AS held
            FROM generations_ledgerentry WINDOW chain AS (PARTITION BY wallet_id ORDER BY id)
        ) entries
        WHERE posted_after <> posted OR held_after <> held
    """,
    "a hold's entries do not tell its story": """
        SELECT format('hold %s is %s for %s, captured %s; entries: held %s, charged %s, settled %s times',
            h.id, h.state, h.amount, COALESCE(h.captured, 0), e.held, e.charged, e.settled)
        FROM generations_hold h
        CROSS JOIN LATERAL (
            SELECT COALESCE(SUM(held_change), 0) AS held, COALESCE(-SUM(posted_change), 0) AS charged,
                COUNT(*) FILTER (WHERE kind IN ('capture', 'release')) AS settled
            FROM generations_ledgerentry WHERE hold_id = h.id
        ) e
        WHERE e.held <> CASE WHEN h.state = 'pending' THEN h.amount ELSE 0 END
            OR e.charged <> COALESCE(h.captured, 0)
            OR e.settled <> CASE WHEN h.state = 'pending' THEN 0 ELSE 1 END
    """,
    "a wallet's lots do not sum up to what it owns": """
        SELECT format('wallet %s: posted %s, lots %s', w.id, w.posted, l.remaining)
        FROM generations_wallet w
        CROSS JOIN LATERAL (
            SELECT COALESCE(SUM(remaining), 0) AS remaining FROM generations_lot WHERE wallet_id = w.id
        ) l
        WHERE w.posted <> l.remaining
    """,
    "a transfer took another sum than it gave": """
        SELECT format('transfer %s: %s', transfer, SUM(posted_change))
        FROM generations_ledgerentry WHERE transfer IS NOT NULL GROUP BY transfer HAVING SUM(posted_change) <> 0
    """,
}


@dataclass(frozen=True)
class Finding:
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


def run_checks(checks: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding for each row that one of the queries returns."""
    with connection.cursor() as cursor:
        for rule, query in checks.items():
            cursor.execute(query)
            for (detail,) in cursor.fetchall():
                yield Finding(rule, detail)
