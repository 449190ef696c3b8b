"""Take a wish: check the rules, hold the credits and store the generation, in one short transaction."""

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError

from generations.accounts.access import require
from generations.accounts.models import ApiKey, Membership
from generations.accounts.roles import Right
from generations.common.conflicts import in_one_transaction
from generations.common.errors import DailiesError
from generations.common.ids import uuid7
from generations.common.points import reach
from generations.contract.rules import Violation, validate
from generations.contract.support import SUPPORT
from generations.credits.holds import place_hold
from generations.credits.prices import offered_models, quote
from generations.events.live import announce
from generations.events.record import record_event
from generations.media.models import Asset

from .body import request_body
from .hints import hint_dispatch
from .models import Generation


class InvalidWishError(DailiesError):
    """The wish breaks the contract or names something that is not on offer; `violations` says where."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


@dataclass(frozen=True)
class Wish:
    """What a member asks for. `duration` is in seconds; None, or an empty `camera_motion`, leaves it to the model."""

    first_frame: Asset
    prompt: str
    model: str
    resolution: str
    fps: int
    duration: int | None
    camera_motion: str = ""
    generate_audio: bool = True
    last_frame: Asset | None = None

    @property
    def held_seconds(self) -> int:
        """What to hold credits for: the most that the matrix allows, when the length is left to the model."""
        return self.duration or max(SUPPORT.models[self.model].seconds(self.resolution, self.fps))


def submit_generation(
    *, membership: Membership, wish: Wish, idempotency_key: str, api_key: ApiKey | None = None
) -> Generation:
    """Store the generation as `queued` and hold its price; a key that the member has used before returns that one.

    Whoever passes a service key has checked its scopes: the role of its maker does not count.
    Raises InvalidWishError, ForbiddenError, NoPriceError or OutOfCreditsError, and then nothing is stored.
    """
    if api_key is None or not api_key.is_service:
        require(membership, Right.GENERATE)
    if existing := _submitted_before(membership, idempotency_key):
        return existing
    check_wish(membership, wish)
    try:
        return in_one_transaction(lambda: _store(membership, wish, idempotency_key, api_key))
    except IntegrityError:
        # The same key was submitted at the same moment, and the other one won.
        if existing := _submitted_before(membership, idempotency_key):
            return existing
        raise


def check_wish(membership: Membership, wish: Wish) -> None:
    """Raise InvalidWishError with every violated rule."""
    placeholder = "ltx://uploads/still"
    body = request_body(wish, image_uri=placeholder, last_frame_uri=placeholder if wish.last_frame else None)
    violations = validate(body, models=offered_models())
    if not wish.prompt.strip():
        violations.append(Violation("prompt", "say what should move"))
    frames = (("image_uri", wish.first_frame), ("last_frame_uri", wish.last_frame))
    violations += [
        Violation(field, "this still belongs to another team")
        for field, asset in frames
        if asset is not None and asset.team_id != membership.team_id
    ]
    if violations:
        raise InvalidWishError(violations)


def _submitted_before(membership: Membership, key: str) -> Generation | None:
    return Generation.objects.filter(team=membership.team_id, author=membership.user_id, idempotency_key=key).first()


def _store(membership: Membership, wish: Wish, idempotency_key: str, api_key: ApiKey | None) -> Generation:
    price = quote(model=wish.model, resolution=wish.resolution, duration=wish.held_seconds)
    generation_id = uuid7()
    hold_id = place_hold(membership=membership, reference=generation_id, amount=price.credits)
    generation = Generation.objects.create(
        id=generation_id,
        team=membership.team,
        author=membership.user,
        api_key=api_key,
        idempotency_key=idempotency_key,
        hold_id=hold_id,
        price=price.credits,
        credits_per_second=price.credits_per_second,
        is_preview=settings.IS_LOCAL_ENGINE,
        **vars(wish),
    )
    record_event(
        "generation.submitted",
        team_id=membership.team_id,
        actor_id=membership.user_id,
        subject_id=generation_id,
        model=wish.model,
        price=price.credits,
    )
    announce(team_id=membership.team_id, kind="generation", subject_id=generation_id, state=generation.state)
    hint_dispatch()
    reach("submit.stored")
    return generation
