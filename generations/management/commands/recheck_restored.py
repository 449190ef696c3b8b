from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from generations.jobs.restore import recheck_restored


class Command(BaseCommand):
    help = (
        "Run after a backup was restored and before any worker starts. Fails and refunds the jobs that may have been "
        "sent since the backup, makes all other active jobs due at once, and audits the books."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        recheck = recheck_restored()
        for pk in recheck.refunded:
            self.stdout.write(f"{pk}: may have been sent since the backup; failed and refunded")
        failed = f"{len(recheck.refunded)} {'job' if len(recheck.refunded) == 1 else 'jobs'} failed and refunded"
        continuing = f"{recheck.continuing} {'job continues' if recheck.continuing == 1 else 'jobs continue'}"
        self.stdout.write(f"{failed}, {continuing}.")
        call_command("audit_books", stdout=self.stdout, stderr=self.stderr)
