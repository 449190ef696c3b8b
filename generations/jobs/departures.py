"""People who go: what still waits is taken back first, then the account ends."""

from generations.accounts.deletion import anonymise_account, require_no_team_without_owner
from generations.accounts.models import Membership, User
from generations.common.errors import ForbiddenError

from .cancel import NotCancelableError, cancel_generation
from .models import Generation
from .states import State

WAITING = (State.QUEUED, State.PARKED)


def cancel_waiting_jobs(*, membership: Membership) -> int:
    """Cancel what the member has waiting in the team, and return how many jobs were. What has been sent goes on."""
    waiting = Generation.objects.filter(team=membership.team_id, author=membership.user_id, state__in=WAITING)
    canceled = 0
    for generation in waiting.order_by("pk"):
        try:
            cancel_generation(membership=membership, generation=generation)
        except (NotCancelableError, ForbiddenError):  # a worker was quicker; or a role that may generate no more
            continue
        canceled += 1
    return canceled


def delete_account(*, user: User) -> None:
    """End the account: waiting jobs back, credits returned, the person made nameless. Raises LastOwnerError.

    The jobs go first, each in a transaction of its own: whoever is interrupted finds the account still there.
    """
    require_no_team_without_owner(user)
    for membership in Membership.objects.select_related("team", "user").filter(user=user, deactivated_at__isnull=True):
        cancel_waiting_jobs(membership=membership)
    anonymise_account(user=user)
