from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generations.accounts.models import Team
from generations.credits.grants import BadGrantError, grant_credits


class Command(BaseCommand):
    help = "Add credits to a team's wallet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--amount", required=True, type=int, metavar="N")
        parser.add_argument("--reason", required=True, metavar="TEXT")

    def handle(self, *args: Any, team: str, amount: int, reason: str, **options: Any) -> None:
        found = Team.objects.filter(slug=team).first()
        if found is None:
            raise CommandError(f"There is no team '{team}'.")
        try:
            entry = grant_credits(team=found, amount=amount, reason=reason)
        except BadGrantError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{found.name} now has {entry.available_after:,} credits available.")
