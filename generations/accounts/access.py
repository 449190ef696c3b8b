"""The tenant wall: the one way to a team. Outsiders get NotFoundError, members without the right ForbiddenError."""

from django.contrib.auth.models import AnonymousUser

from generations.common.errors import ForbiddenError, NotFoundError

from .models import Membership, User
from .roles import Right


def access_team(user: User | AnonymousUser, slug: str, right: Right = Right.VIEW) -> Membership:
    """Return the user's membership of the team, with team and user loaded, if it carries the right."""
    if not user.is_authenticated:
        raise NotFoundError
    membership = Membership.objects.select_related("team", "user").filter(team__slug=slug, user=user).first()
    if membership is None:
        raise NotFoundError
    require(membership, right)
    return membership


def require(membership: Membership, right: Right) -> None:
    if not membership.can(right):
        raise ForbiddenError(
            f"Your role in {membership.team}, {membership.get_role_display().lower()}, does not allow this."
        )
