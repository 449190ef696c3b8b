from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generations.accounts.models import Team
from generations.management.seed_takes import seed_takes

MOST = 2_000_000


class Command(BaseCommand):
    help = "Add synthetic finished takes to a team's gallery, for load. They share a few small clips."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--count", required=True, type=int, metavar="N")

    def handle(self, *args: Any, team: str, count: int, **options: Any) -> None:
        found = Team.objects.filter(slug=team).first()
        if found is None:
            raise CommandError(f"There is no team '{team}'.")
        if not 1 <= count <= MOST:
            raise CommandError(f"--count must be between 1 and {MOST:,}.")
        seed_takes(found, count)
        self.stdout.write(f"{found.name} has {count:,} more takes.")
