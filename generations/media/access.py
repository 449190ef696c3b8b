"""The one way to an asset. Outsiders are told that there is nothing there."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from generations.accounts.access import require
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError

from .models import Asset


def access_asset(user: User | AnonymousUser, asset_id: UUID | str, right: Right = Right.VIEW) -> Asset:
    """Return an asset of a team of the user, team loaded. Raises NotFoundError, ForbiddenError."""
    if not user.is_authenticated:
        raise NotFoundError
    asset = Asset.objects.select_related("team").filter(id=_parse(asset_id)).first()
    memberships = Membership.objects.select_related("team").filter(deactivated_at__isnull=True)
    membership = asset and memberships.filter(team=asset.team, user=user).first()
    if not asset or not membership:
        raise NotFoundError
    require(membership, right)
    return asset


def _parse(asset_id: UUID | str) -> UUID:
    try:
        return asset_id if isinstance(asset_id, UUID) else UUID(asset_id)
    except ValueError as error:
        raise NotFoundError from error
