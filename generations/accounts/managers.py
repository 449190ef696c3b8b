"""Who manages a team: those to tell when something of the team needs them."""

from .models import Membership
from .roles import RIGHTS, Right

MANAGING = sorted(role for role, rights in RIGHTS.items() if Right.MANAGE_TEAM in rights)


def manager_ids(team_id: int) -> list[int]:
    """The users who may manage the team and are still in it."""
    managing = Membership.objects.active().filter(team=team_id, role__in=MANAGING)
    return list(managing.values_list("user_id", flat=True))
