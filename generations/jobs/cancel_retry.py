"""Cancel a generation before it is sent, and submit a failed or canceled one again."""

from django.db import transaction

from generations.accounts.access import require
from generations.accounts.models import ApiKey, Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, ForbiddenError
from generations.credits.holds import release_hold
from generations.credits.prices import quote

from .attempts import live_attempt
from .models import Generation, State
from .submit import GenerationRequest, submit_generation
from .transitions import LostLeaseError, mark_canceled, preempt_lease


class NotCancelableError(DailiesError):
    """The job was sent to the provider, or it is over."""

    status = 409
    code = "conflict"


class NotRetryableError(DailiesError):
    """The job has not failed, or it would cost more than before."""

    status = 409
    code = "conflict"


def cancel_generation(*, membership: Membership, generation: Generation) -> None:
    """End a waiting generation and refund its credits. Canceling it a second time does nothing.

    The provider has no cancel, so this works only until the POST starts. Members may cancel their own jobs whatever
    their role: a member who may no longer submit can still have jobs waiting.
    Raises ForbiddenError for another member's job without Right.MANAGE_JOBS, and NotCancelableError.
    """
    if generation.author_id != membership.user_id and not membership.can(Right.MANAGE_JOBS):
        raise ForbiddenError("You can cancel only your own jobs.")
    if generation.state == State.CANCELED:
        return
    if not generation.can_cancel:
        raise NotCancelableError(_reason_not_cancelable(generation))
    try:
        _cancel(membership, generation)
    except LostLeaseError:
        generation.refresh_from_db()
        if generation.state != State.CANCELED:
            raise NotCancelableError(_reason_not_cancelable(generation)) from None


@transaction.atomic
def _cancel(membership: Membership, generation: Generation) -> None:
    release_hold(hold_id=generation.hold_id, reason="canceled")
    lease = preempt_lease(generation)
    if live_attempt(generation):
        raise LostLeaseError
    mark_canceled(generation, lease, actor_id=membership.user_id)


def _reason_not_cancelable(generation: Generation) -> str:
    if generation.is_final:
        return f"This job has already finished ({generation.get_state_display().lower()})."
    return "This job is already generating and cannot be canceled. You pay only if it succeeds."


def retry_generation(*, membership: Membership, generation: Generation, api_key: ApiKey | None = None) -> Generation:
    """Submit a failed or canceled generation again as a new job with a new hold; the old one stays as it was.

    Retrying it twice returns the same new generation. The new one never costs more than the old one.
    `api_key` is the key of the calling program, if any; the caller has checked the scopes of a service key.
    Raises NotRetryableError, ForbiddenError for another member's job, and the errors of `submit_generation`.
    """
    if api_key is None or not api_key.is_service:
        require(membership, Right.GENERATE)
    if generation.author_id != membership.user_id:
        raise ForbiddenError("You can retry only your own jobs.")
    if generation.state not in (State.FAILED, State.CANCELED):
        raise NotRetryableError("You can only retry a failed or canceled job.")
    request = _request_of(generation)
    price = quote(model=request.model, resolution=request.resolution, duration=request.held_seconds)
    if price.credits > generation.price:
        raise NotRetryableError(f"The price is now {price.credits:,} credits. Open the job in Studio to confirm it.")
    key = f"retry:{generation.pk}"
    again = submit_generation(membership=membership, request=request, idempotency_key=key, api_key=api_key)
    Generation.objects.filter(pk=again.id, retry_of=None).update(retry_of=generation)
    return Generation.objects.get(pk=again.id)


def _request_of(generation: Generation) -> GenerationRequest:
    return GenerationRequest(**{name: getattr(generation, name) for name in GenerationRequest.__dataclass_fields__})
