"""Members who go: their access ends first, so that nothing new comes in; then what they have waiting is taken back.

Each job is canceled in a transaction of its own. What is at the provider goes on, and finished takes stay.
"""

from dataclasses import dataclass

from generations.accounts.members import close_membership
from generations.accounts.models import Membership

from .cancel import NotCancelableError, cancel_generation
from .models import Generation, GenerationQuerySet
from .states import State

WAITING = (State.QUEUED, State.PARKED)


@dataclass(frozen=True)
class Canceled:
    """How many jobs were taken back, and the credits that this returned."""

    jobs: int = 0
    credits: int = 0


def deactivate_member(*, membership: Membership, actor: Membership) -> Canceled:
    """End somebody's access to the team. Raises ForbiddenError, OwnerNeededError. May be repeated."""
    close_membership(membership=membership, actor=actor)
    return cancel_waiting(membership=membership, by=actor)


def leave_team(*, membership: Membership) -> Canceled:
    """End one's own membership. Raises OwnerNeededError."""
    close_membership(membership=membership, actor=membership)
    return cancel_waiting(membership=membership, by=membership)


def cancel_waiting(*, membership: Membership, by: Membership) -> Canceled:
    """Cancel what the member has waiting in the team, by a manager or themselves."""
    prices = []
    for generation in _waiting(membership).order_by("pk"):
        try:
            cancel_generation(membership=by, generation=generation)
        except NotCancelableError:  # a worker was quicker
            continue
        prices.append(generation.price)
    return Canceled(len(prices), sum(prices))


def _waiting(membership: Membership) -> GenerationQuerySet:
    return Generation.objects.filter(team=membership.team_id, author=membership.user_id, state__in=WAITING)
