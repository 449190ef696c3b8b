"""The accounts that `make run` prints. They have a public password, so production never has them."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member, create_team
from generations.credits.grants import grant_credits
from generations.credits.wallets import wallet_of

PASSWORD = "dailies-demo"  # noqa: S105
CREDITS = 1_000
GRANT = "Demo credits"
SLUG = "demo"


class Command(BaseCommand):
    help = "Make the demo team with its three people and 1,000 credits. Local settings only; may be repeated."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("Demo accounts have a public password: they are made under local settings only.")
        owner = _person("owner", is_staff=True, is_superuser=True)
        team = _team(owner)
        for name, role in (("creator", Role.CREATOR), ("reviewer", Role.REVIEWER)):
            person = _person(name)
            if not Membership.objects.filter(team=team, user=person).exists():
                add_member(team=team, user=person, role=role)
        if not wallet_of(team).entries.filter(reason=GRANT).exists():
            grant_credits(team=team, amount=CREDITS, reason=GRANT)
        self.stdout.write(f"Team {team.slug}: owner@, creator@, reviewer@example.com, password {PASSWORD}")


def _person(name: str, **fields: bool) -> User:
    email = f"{name}@example.com"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name.title(), **fields)
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def _team(owner: User) -> Team:
    team = Team.objects.filter(slug=SLUG).first()
    if team is None:
        return create_team(name="Demo", owner=owner)
    if not Membership.objects.filter(team=team, user=owner, role=Role.OWNER).exists():
        raise CommandError(
            f"A team '{SLUG}' is there already, and {owner.email} does not own it. Rename its slug first."
        )
    return team
