"""Who answers for the money: of a team, whoever may manage its credits; of the wallets, site staff."""

from django.db.models import QuerySet

from generations.accounts.models import Team, User
from generations.accounts.roles import RIGHTS, Right

MANAGING_ROLES = [role for role, rights in RIGHTS.items() if Right.MANAGE_CREDITS in rights]


def managers_of(team: Team) -> QuerySet[User]:
    members = team.memberships.active().filter(role__in=MANAGING_ROLES)
    return User.objects.filter(pk__in=members.values("user")).order_by("pk")


def contacts_of(team: Team) -> tuple[str, ...]:
    """E-mail addresses of up to three people who can give the team's members more credits."""
    members = team.memberships.active().filter(role__in=MANAGING_ROLES).order_by("role", "id")
    return tuple(members.values_list("user__email", flat=True)[:3])


def site_staff() -> QuerySet[User]:
    return User.objects.filter(is_staff=True, is_active=True).order_by("pk")
