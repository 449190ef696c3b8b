"""Submit a generation that failed or was canceled once more: a new job with a new hold; the old one stays as it was."""

from generations.accounts.access import require
from generations.accounts.models import ApiKey, Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, ForbiddenError
from generations.credits.prices import quote

from .models import Generation
from .states import State
from .submit import Wish, submit_generation


class NotRetryableError(DailiesError):
    """It has not failed, or it would cost more than before."""


def retry_generation(*, membership: Membership, generation: Generation, api_key: ApiKey | None = None) -> Generation:
    """Return the new generation; asked twice, the same one. It never costs more than the old one did.

    `api_key` is that of the program that asks, if one does; whoever passes a service key has checked its scopes.
    Raises NotRetryableError, ForbiddenError for somebody else's job, and whatever `submit_generation` raises.
    """
    if api_key is None or not api_key.is_service:
        require(membership, Right.GENERATE)
    if generation.author_id != membership.user_id:
        raise ForbiddenError("You may retry your own jobs only.")
    if generation.state not in (State.FAILED, State.CANCELED):
        raise NotRetryableError("Only a job that failed or was canceled can be submitted again.")
    wish = _wish_of(generation)
    price = quote(model=wish.model, resolution=wish.resolution, duration=wish.held_seconds)
    if price.credits > generation.price:
        raise NotRetryableError(f"This now costs {price.credits:,} credits. Submit it from the studio if you agree.")
    key = f"retry:{generation.pk}"
    again = submit_generation(membership=membership, wish=wish, idempotency_key=key, api_key=api_key)
    Generation.objects.filter(pk=again.id, retry_of=None).update(retry_of=generation)
    return Generation.objects.get(pk=again.id)


def _wish_of(generation: Generation) -> Wish:
    return Wish(**{name: getattr(generation, name) for name in Wish.__dataclass_fields__})
