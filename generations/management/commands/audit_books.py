import sys
from typing import Any

from django.core.management.base import BaseCommand

from generations.jobs.reconciliation import audit_books


class Command(BaseCommand):
    help = "Prove that the books close. Exits with 1 and a list when they do not."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(audit_books())
        for finding in findings:
            self.stdout.write(str(finding))
        if findings:
            self.stderr.write(f"The books do not close: {len(findings)} findings.")
            sys.exit(1)
        self.stdout.write("The books close.")
