from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from generations.jobs.restore import recheck_restored


class Command(BaseCommand):
    help = (
        "After restoring a backup, before any worker starts: returns the credits of jobs that may have been sent "
        "since, lets all others be asked about at once, and proves that the books close."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        recheck = recheck_restored()
        for pk in recheck.refunded:
            self.stdout.write(f"{pk}: may have been sent since the backup; its credits are returned")
        self.stdout.write(f"{len(recheck.refunded)} jobs failed and refunded, {recheck.continuing} jobs continue.")
        call_command("audit_books", stdout=self.stdout, stderr=self.stderr)
