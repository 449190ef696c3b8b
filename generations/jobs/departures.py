"""Whoever leaves the studio altogether: what still waits is taken back first, then the account ends."""

from generations.accounts.deletion import anonymise_account, require_no_team_without_owner
from generations.accounts.models import Membership, User

from .leavers import cancel_waiting


def delete_account(*, user: User) -> None:
    """End the account: waiting jobs back, credits returned, the person made nameless. Raises LastOwnerError.

    The jobs go first, each in a transaction of its own: whoever is interrupted finds the account still there.
    """
    require_no_team_without_owner(user)
    for membership in Membership.objects.select_related("team", "user").filter(user=user):
        cancel_waiting(membership=membership, by=membership)
    anonymise_account(user=user)
