"""Members who leave a team or delete their account.

Access ends first, so that nothing new is submitted. Then each of their waiting jobs is canceled in its own transaction.
Jobs at the provider continue, and finished takes stay.
"""

from dataclasses import dataclass

from generations.accounts.account_deletion import anonymize_account, require_not_only_owner
from generations.accounts.members import close_membership
from generations.accounts.models import Membership, User

from .cancel_retry import NotCancelableError, cancel_generation
from .models import Generation, GenerationQuerySet, State

WAITING = (State.QUEUED, State.PARKED)


@dataclass(frozen=True)
class Canceled:
    """The number of jobs that were canceled and the credits that were refunded."""

    jobs: int = 0
    credits: int = 0


def deactivate_member(*, membership: Membership, actor: Membership) -> Canceled:
    """End a member's access to the team. Raises ForbiddenError, OwnerNeededError. May be repeated."""
    close_membership(membership=membership, actor=actor)
    return cancel_waiting(membership=membership, by=actor)


def leave_team(*, membership: Membership) -> Canceled:
    """End one's own membership. Raises OwnerNeededError."""
    close_membership(membership=membership, actor=membership)
    return cancel_waiting(membership=membership, by=membership)


def delete_account(*, user: User) -> None:
    """Delete an account: cancel its waiting jobs first, then anonymize it. Raises OnlyOwnerError.

    If it is interrupted, the account still exists and the deletion can be repeated.
    """
    require_not_only_owner(user)
    for membership in Membership.objects.select_related("team", "user").filter(user=user):
        cancel_waiting(membership=membership, by=membership)
    anonymize_account(user=user)


def cancel_waiting(*, membership: Membership, by: Membership) -> Canceled:
    """Cancel the member's waiting jobs of the team, on behalf of a manager or of the member."""
    prices = []
    for generation in _waiting(membership).order_by("pk"):
        try:
            cancel_generation(membership=by, generation=generation)
        except NotCancelableError:  # a worker has just sent it
            continue
        prices.append(generation.price)
    return Canceled(len(prices), sum(prices))


def _waiting(membership: Membership) -> GenerationQuerySet:
    return Generation.objects.filter(team=membership.team_id, author=membership.user_id, state__in=WAITING)
