"""Audit the books on a schedule, and raise an alert while they do not close."""

from generations.events.alerts import close_alert, open_alert

from .audit import audit_books

ALERT = "books"


def check_books() -> int:
    """Run the audit and return the number of findings. Nothing is repaired: a person has to look."""
    findings = list(audit_books())
    if findings:
        listed = "\n".join(str(finding) for finding in findings[:20])
        open_alert(ALERT, f"The books do not close: {len(findings)} findings.\n{listed}")
    else:
        close_alert(ALERT)
    return len(findings)
