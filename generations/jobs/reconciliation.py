"""Prove that the books balance: the checks of the ledger, and the checks that compare jobs with their holds.

Raw SQL: each check is one set comparison over the whole table that yields a readable finding per row.
"""

from collections.abc import Iterator

from generations.credits.reconciliation import CHECKS as LEDGER_CHECKS
from generations.credits.reconciliation import Finding, run_checks
from generations.events.staff_alerts import close_alert, open_alert

ALERT = "books"

CHECKS: dict[str, str] = {
    "a finished job and its hold disagree": """
        SELECT format('generation %s is %s, its hold %s', g.id, g.state, h.state)
        FROM generations_generation g JOIN generations_hold h ON h.id = g.hold_id
        WHERE (g.state = 'completed' AND h.state = 'pending')
            OR (g.state IN ('failed', 'canceled') AND h.state NOT IN ('released', 'expired'))
    """,
    "an active job has no pending hold": """
        SELECT format('generation %s is %s, its hold %s', g.id, g.state, h.state)
        FROM generations_generation g JOIN generations_hold h ON h.id = g.hold_id
        WHERE g.state NOT IN ('completed', 'failed', 'canceled')
            AND h.state <> CASE WHEN g.is_late THEN 'released' ELSE 'pending' END
    """,
    "a late take was charged, or a charged take is late": """
        SELECT format('generation %s, its hold %s', g.id, h.state)
        FROM generations_generation g JOIN generations_hold h ON h.id = g.hold_id
        WHERE g.state = 'completed' AND h.state <> CASE WHEN g.is_late THEN 'released' ELSE 'captured' END
    """,
    "credits are held for no job": """
        SELECT format('hold %s for %s', h.id, h.reference) FROM generations_hold h
        LEFT JOIN generations_generation g ON g.hold_id = h.id
        WHERE g.id IS NULL AND h.state = 'pending'
    """,
    "a job's price and its hold disagree": """
        SELECT format('generation %s costs %s, its hold is for %s', g.id, g.price, h.amount)
        FROM generations_generation g JOIN generations_hold h ON h.id = g.hold_id
        WHERE g.price <> h.amount OR h.reference <> g.id
    """,
    "a finished job and the provider's bill disagree": """
        SELECT format('generation %s is %s, billed %s times', g.id, g.state, b.due)
        FROM generations_generation g
        CROSS JOIN LATERAL (
            SELECT COUNT(*) FILTER (WHERE bill = 'due') AS due FROM generations_attempt WHERE generation_id = g.id
        ) b
        WHERE b.due <> CASE WHEN g.state = 'completed' THEN 1 ELSE 0 END
    """,
    "a finished job has no accepted attempt": """
        SELECT format('generation %s', g.id) FROM generations_generation g
        WHERE g.state = 'completed' AND NOT EXISTS (
            SELECT FROM generations_attempt a WHERE a.generation_id = g.id AND a.outcome = 'accepted'
        )
    """,
}


def audit_books() -> Iterator[Finding]:
    """Yield every finding of the ledger and of the jobs."""
    yield from run_checks(LEDGER_CHECKS)
    yield from run_checks(CHECKS)


def check_books() -> int:
    """Run all checks and raise an alert while there are findings. Return their number. Nothing is repaired."""
    findings = list(audit_books())
    if findings:
        listed = "\n".join(str(finding) for finding in findings[:20])
        count = f"{len(findings)} problem{'' if len(findings) == 1 else 's'}"
        open_alert(ALERT, f"The credit ledger check failed: {count}.\n{listed}")
    else:
        close_alert(ALERT)
    return len(findings)
