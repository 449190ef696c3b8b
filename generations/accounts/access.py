"""The tenant wall: the one way to a team. Outsiders get NotFoundError, members without the right ForbiddenError.

Whose membership is deactivated stands outside, from the next request on.
"""

from typing import Protocol

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from generations.common.errors import ForbiddenError, NotFoundError

from .models import Membership, Team, User
from .roles import Right


class Viewer(Protocol):
    """A membership or the caller behind an API key: what `visible_to` of every model asks about."""

    @property
    def team(self) -> Team: ...

    @property
    def user(self) -> User: ...

    @property
    def own(self) -> Q:
        """Select the rows that the viewer submitted."""

    def can(self, right: Right, /) -> bool: ...


def access_team(user: User | AnonymousUser, slug: str, right: Right = Right.VIEW) -> Membership:
    """Return the user's membership of the team, with team and user loaded, if it carries the right."""
    if not user.is_authenticated:
        raise NotFoundError
    memberships = Membership.objects.select_related("team", "user")
    membership = memberships.filter(team__slug=slug, user=user, deactivated_at__isnull=True).first()
    if membership is None:
        raise NotFoundError
    require(membership, right)
    return membership


def require(membership: Membership, right: Right) -> None:
    if not membership.can(right):
        raise ForbiddenError(
            f"You don't have permission. Your role in {membership.team} is {membership.get_role_display()}."
        )
