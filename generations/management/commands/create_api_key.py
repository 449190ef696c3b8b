from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generations.accounts.api_keys import create_key
from generations.accounts.models import Membership
from generations.accounts.roles import Scope
from generations.common.errors import DailiesError


class Command(BaseCommand):
    help = "Make an API key and print its secret, once. Without --scope it may generate and read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--name", required=True, metavar="NAME")
        parser.add_argument("--team", metavar="SLUG", help="needed by members of several teams")
        parser.add_argument("--scope", action="append", choices=Scope.values, metavar="SCOPE", help=", ".join(Scope))
        parser.add_argument("--service", action="store_true", help="a key of the team instead of the person")

    def handle(
        self,
        *args: Any,
        user: str,
        name: str,
        team: str | None,
        scope: list[str] | None,
        service: bool,
        **options: Any,
    ) -> None:
        if not 1 <= len(name.strip()) <= 80:
            raise CommandError("--name must have 1 to 80 characters.")
        scopes = [Scope(word) for word in scope or (Scope.GENERATE, Scope.READ)]
        try:
            made = create_key(membership=_membership(user, team), name=name.strip(), scopes=scopes, is_service=service)
        except DailiesError as error:
            raise CommandError(error.message) from error
        self.stdout.write(made.secret)


def _membership(email: str, slug: str | None) -> Membership:
    found = Membership.objects.active().select_related("team", "user").filter(user__email__iexact=email)
    members = list(found.filter(team__slug=slug) if slug else found)
    if not members:
        place = f"the team '{slug}'" if slug else "any team"
        raise CommandError(f"Nobody with the address {email} is in {place}.")
    if len(members) > 1:
        slugs = ", ".join(sorted(member.team.slug for member in members))
        raise CommandError(f"{email} is in several teams. Say which with --team: {slugs}.")
    return members[0]
