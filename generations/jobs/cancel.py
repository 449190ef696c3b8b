"""Cancel a generation, up to the moment its POST begins. The provider knows no cancel, so later it is too late."""

from django.db import transaction

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, ForbiddenError
from generations.credits.holds import release_hold
from generations.events.record import record_event

from .attempts import live_attempt
from .leases import LostLeaseError, take_over
from .models import Generation
from .states import State


class NotCancelableError(DailiesError):
    """It has been sent to the provider, or it is over."""


def cancel_generation(*, membership: Membership, generation: Generation) -> None:
    """End a waiting generation and give its credits back. A second cancel of the same one does nothing.

    One's own may be taken back with any role: whoever may submit no more has perhaps still something waiting.
    Raises ForbiddenError for somebody else's job without Right.MANAGE_JOBS, and NotCancelableError.
    """
    if generation.author_id != membership.user_id and not membership.can(Right.MANAGE_JOBS):
        raise ForbiddenError("You may cancel your own jobs only.")
    if generation.state == State.CANCELED:
        return
    if not generation.can_cancel:
        raise NotCancelableError(_too_late(generation))
    try:
        _cancel(membership, generation)
    except LostLeaseError:
        generation.refresh_from_db()
        if generation.state != State.CANCELED:
            raise NotCancelableError(_too_late(generation)) from None


@transaction.atomic
def _cancel(membership: Membership, generation: Generation) -> None:
    release_hold(hold_id=generation.hold_id, reason="canceled")
    lease = take_over(generation)
    if live_attempt(generation):
        raise LostLeaseError
    lease.move(State(generation.state), State.CANCELED)
    record_event(
        "generation.canceled", team_id=generation.team_id, actor_id=membership.user_id, subject_id=generation.pk
    )


def _too_late(generation: Generation) -> str:
    if generation.is_final:
        return f"This job is over: {generation.get_state_display().lower()}."
    return "This job is with the provider already and cannot be stopped. You are charged only if it succeeds."
