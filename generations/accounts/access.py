"""Access to a team. Outsiders get NotFoundError, members without the right ForbiddenError.

A deactivated member counts as an outsider from the next request on.
"""

from typing import Protocol

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from generations.common.errors import ForbiddenError, NotFoundError

from .models import Membership, Team, User
from .roles import Right


class Viewer(Protocol):
    """A membership, or the caller behind an API key. Every `visible_to` takes one."""

    @property
    def team(self) -> Team: ...

    @property
    def user(self) -> User: ...

    @property
    def own(self) -> Q:
        """Select the rows that the viewer submitted."""

    def can(self, right: Right, /) -> bool: ...


def access_team(user: User | AnonymousUser, slug: str, right: Right = Right.VIEW) -> Membership:
    """Return the user's membership of the team with team and user loaded. Raises NotFoundError, ForbiddenError."""
    if not user.is_authenticated:
        raise NotFoundError
    memberships = Membership.objects.select_related("team", "user")
    membership = memberships.filter(team__slug=slug, user=user, deactivated_at__isnull=True).first()
    if membership is None:
        raise NotFoundError
    require(membership, right)
    return membership


def require(membership: Membership, right: Right) -> None:
    """Raises ForbiddenError."""
    if not membership.can(right):
        raise ForbiddenError(
            f"You don't have permission. Your role in {membership.team} is {membership.get_role_display()}."
        )
