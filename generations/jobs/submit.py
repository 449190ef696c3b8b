"""Submit a generation: check it, hold its price and store it as `queued`, in one transaction."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, QuerySet, Subquery

from generations.accounts.access import require
from generations.accounts.models import ApiKey, Membership
from generations.accounts.roles import Right
from generations.accounts.team_deletion import require_not_ending
from generations.common.errors import DailiesError, ForbiddenError
from generations.common.ids import uuid7
from generations.common.retry import retry_on_conflict
from generations.contract.rules import Violation, validate
from generations.contract.support import SUPPORT
from generations.credits.errors import FrozenError, OutOfCreditsError, TooManyJobsError
from generations.credits.freezes import freezes_of
from generations.credits.holds import place_hold
from generations.credits.prices import PriceList, current_price_list, offered_models
from generations.credits.quotas import effective_quota
from generations.events.kinds import EventKind
from generations.events.live import announce_in_background
from generations.events.record import record_event
from generations.library.models import Project
from generations.library.takes import create_shot, find_shot
from generations.media.models import Asset

from .attempts import request_body
from .dispatch import notify_dispatcher
from .models import Generation, State


class InvalidRequestError(DailiesError):
    """The request breaks the contract or names something that is not available; `violations` says where."""

    status = 422
    code = "invalid"

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


@dataclass(frozen=True)
class GenerationRequest:
    """The settings of a new generation. `duration` is in seconds; without one, or without a `camera_motion`, the model
    chooses."""

    first_frame: Asset
    prompt: str
    model: str
    resolution: str
    fps: int
    duration: int | None
    camera_motion: str = ""
    generate_audio: bool = True
    last_frame: Asset | None = None
    project: Project | None = None

    @property
    def held_seconds(self) -> int:
        """The seconds to hold credits for: the longest that the matrix allows, when the model chooses the duration."""
        return self.duration or max(SUPPORT.models[self.model].seconds(self.resolution, self.fps))


def submit_generation(
    *,
    membership: Membership,
    request: GenerationRequest,
    idempotency_key: str,
    api_key: ApiKey | None = None,
) -> Generation:
    """Store the generation and hold its price. With a key that the member has used before, return that generation.

    The caller has checked the scopes of a service key: the role of the member who created it does not count.
    Raises InvalidRequestError, ForbiddenError, NotAllowedError, NoPriceError, FrozenError, OutOfCreditsError or
    TooManyJobsError; then nothing is stored.
    """
    submit = partial(_submit, membership, request, idempotency_key, api_key)
    try:
        return retry_on_conflict(submit)
    except IntegrityError:
        # A submit with the same key, or the first one with this image, has committed in the meantime.
        return retry_on_conflict(submit)
    except (OutOfCreditsError, TooManyJobsError):
        if earlier := _submitted_earlier(membership, idempotency_key).first():
            return earlier
        raise


@transaction.atomic
def _submit(
    membership: Membership, request: GenerationRequest, idempotency_key: str, api_key: ApiKey | None
) -> Generation:
    found = _check_permission(membership, request, idempotency_key, api_key)
    if found.earlier_id:
        return Generation.objects.get(pk=found.earlier_id)
    prices = current_price_list()
    _check_request(membership, request, prices)
    if found.freeze_reason is not None:
        raise FrozenError(found.freeze_reason)
    price = prices.price(model=request.model, resolution=request.resolution, duration=request.held_seconds)
    quota = effective_quota(membership, api_key)
    quota.check(model=request.model, resolution=request.resolution, seconds=request.held_seconds)
    generation_id = uuid7()
    hold = place_hold(
        membership=membership, reference=generation_id, amount=price.credits, quota=quota, api_key=api_key
    )
    generation = Generation.objects.create(
        id=generation_id,
        shot_id=found.shot_id or create_shot(membership.team_id, request.project, request.first_frame).pk,
        team_id=membership.team_id,
        author_id=membership.user_id,
        api_key=api_key,
        idempotency_key=idempotency_key,
        hold=hold,
        price=price.credits,
        credits_per_second=price.credits_per_second,
        is_preview=settings.IS_LOCAL_ENGINE,
        **vars(request),
    )
    record_event(
        EventKind.GENERATION_SUBMITTED,
        team_id=membership.team_id,
        actor_id=membership.user_id,
        subject_id=generation_id,
        model=request.model,
        price=price.credits,
        api_key=str(api_key.pk) if api_key else None,
    )
    announce_in_background(team_id=membership.team_id, kind="generation", subject_id=generation_id, state=State.QUEUED)
    notify_dispatcher()
    return generation


@dataclass(frozen=True)
class Found:
    """What the first query of a submit reads besides the permission."""

    freeze_reason: str | None
    earlier_id: UUID | None
    shot_id: UUID | None


def _check_permission(
    membership: Membership, request: GenerationRequest, idempotency_key: str, api_key: ApiKey | None
) -> Found:
    """Read the membership again, with the reason of a freeze, the earlier generation of this key, and the shot.

    Since the request was authenticated the membership, the key or the team may have ended: fetching an image takes
    seconds. Raises ForbiddenError.
    """
    is_service = api_key is not None and api_key.is_service
    memberships = Membership.objects.all() if is_service else Membership.objects.active()
    if api_key is not None:
        memberships = memberships.filter(Exists(ApiKey.objects.live().filter(pk=api_key.pk)))
    annotated = memberships.select_related("team").annotate(
        freeze_reason=Subquery(freezes_of(membership.team).values("reason")[:1]),
        earlier_id=Subquery(_submitted_earlier(membership, idempotency_key).values("pk")[:1]),
        shot_id=Subquery(find_shot(membership.team_id, request.project, request.first_frame).values("pk")[:1]),
    )
    current: Any = annotated.filter(pk=membership.pk).first()
    if current is None:
        raise ForbiddenError("Your membership or your API key is no longer active.")
    if not is_service:
        require(current, Right.GENERATE)
    require_not_ending(current.team)
    return Found(current.freeze_reason, current.earlier_id, current.shot_id)


def _submitted_earlier(membership: Membership, idempotency_key: str) -> QuerySet[Generation]:
    generations = Generation.objects.filter(team=membership.team_id, author=membership.user_id)
    return generations.filter(idempotency_key=idempotency_key)


def _check_request(membership: Membership, request: GenerationRequest, prices: PriceList) -> None:
    """Raise InvalidRequestError with every violated rule."""
    placeholder = "ltx://uploads/still"
    body = request_body(request, image_uri=placeholder, last_frame_uri=placeholder if request.last_frame else None)
    violations = validate(body, models=None if request.model in prices.offered else offered_models())
    named = (
        ("image_uri", "image", request.first_frame),
        ("last_frame_uri", "image", request.last_frame),
        ("project", "project", request.project),
    )
    violations += [
        Violation(field, f"this {kind} belongs to another team")
        for field, kind, found in named
        if found is not None and found.team_id != membership.team_id
    ]
    if violations:
        raise InvalidRequestError(violations)
