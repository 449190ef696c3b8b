"""Take a wish: check the rules, then hold the credits and store the generation in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from generations.accounts.access import require
from generations.accounts.callers import Mark
from generations.accounts.ending import EndingTeamError, require_lasting
from generations.accounts.models import ApiKey, Membership, Team
from generations.accounts.remembered import StaleCallerError, mark_parameters
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, ForbiddenError
from generations.common.ids import uuid7
from generations.common.retry import retry_on_conflict
from generations.contract.rules import Violation, validate
from generations.contract.support import SUPPORT
from generations.credits.errors import FrozenError, NotAllowedError
from generations.credits.holds import hold_parameters, refusal
from generations.credits.prices import NoPriceError, offered_models
from generations.credits.quotas import EffectiveQuota
from generations.credits.settled import recall_settled, settle
from generations.events.live import announce_in_background
from generations.media.models import Asset
from generations.media.uploads import MISSING, UploadedStill

from .admission import Answer, admit
from .attempts import request_body
from .dispatch import notify_dispatcher
from .models import Generation, Project, State


class InvalidWishError(DailiesError):
    """The wish breaks the contract or names something that is not on offer; `violations` says where."""

    status = 422
    code = "invalid"

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


@dataclass(frozen=True)
class Wish:
    """What a member asks for. `duration` is in seconds; None, or an empty `camera_motion`, leaves it to the model."""

    first_frame: Asset | UploadedStill
    prompt: str
    model: str
    resolution: str
    fps: int
    duration: int | None
    camera_motion: str = ""
    generate_audio: bool = True
    last_frame: Asset | UploadedStill | None = None
    project: Project | None = None

    @property
    def held_seconds(self) -> int:
        """What to hold credits for: the most that the matrix allows, when the length is left to the model."""
        return self.duration or max(SUPPORT.models[self.model].seconds(self.resolution, self.fps))


@dataclass(frozen=True)
class Receipt:
    """What whoever submitted takes home."""

    id: UUID
    created_at: datetime

    @classmethod
    def of(cls, generation: Generation) -> Self:
        return cls(generation.pk, generation.created_at)


def submit_generation(
    *,
    membership: Membership,
    wish: Wish,
    idempotency_key: str,
    api_key: ApiKey | None = None,
    mark: Mark | None = None,
) -> Receipt:
    """Store the generation as `queued` and hold its price; a key that the member has used before returns that one's.

    Whoever passes a service key has checked its scopes: the role of its maker does not count. `mark` is that of a
    caller who is remembered; the statement proves it.
    Raises InvalidWishError, ForbiddenError, NotAllowedError, NoPriceError, FrozenError, OutOfCreditsError,
    TooManyJobsError or StaleCallerError, and then nothing is stored.
    """
    if api_key is None or not api_key.is_service:
        require(membership, Right.GENERATE)
    require_lasting(membership.team)
    _check_without_asking(membership, wish)
    given = _parameters(membership, wish, idempotency_key, api_key) | mark_parameters(mark)
    try:
        answer, quota = _admit(membership, wish, given)
    except IntegrityError:
        # The same key was submitted at the same moment, and the other one won.
        if won := Generation.objects.filter(**_key(membership, idempotency_key)).first():
            return Receipt.of(won)
        raise
    if not answer.is_in_force:
        raise _ended(membership) if mark is None else StaleCallerError
    if answer.known:
        return Receipt.of(Generation.objects.get(pk=answer.known))
    if answer.created_at is None:
        raise _refusal(membership, wish, answer, quota)
    announce_in_background(team_id=membership.team_id, kind="generation", subject_id=given["id"], state=State.QUEUED)
    notify_dispatcher()
    return Receipt(given["id"], answer.created_at)


def check_wish(membership: Membership, wish: Wish) -> None:
    """Raise InvalidWishError with every violated rule."""
    if violations := _violations(membership, wish, models=offered_models()):
        raise InvalidWishError(violations)


def _check_without_asking(membership: Membership, wish: Wish) -> None:
    """The same for all but what is on offer here, which the statement looks up; only a refusal has to name it."""
    if _violations(membership, wish, models=None):
        check_wish(membership, wish)


def _violations(membership: Membership, wish: Wish, *, models: list[str] | None) -> list[Violation]:
    placeholder = "ltx://uploads/still"
    body = request_body(wish, image_uri=placeholder, last_frame_uri=placeholder if wish.last_frame else None)
    violations = validate(body, models=models)
    frames = (("image_uri", wish.first_frame), ("last_frame_uri", wish.last_frame))
    violations += [
        Violation(field, "this still belongs to another team")
        for field, still in frames
        if isinstance(still, Asset) and still.team_id != membership.team_id
    ]
    if wish.project is not None and wish.project.team_id != membership.team_id:
        violations.append(Violation("project", "this project belongs to another team"))
    return violations


def _key(membership: Membership, idempotency_key: str) -> dict[str, Any]:
    return {"team_id": membership.team_id, "author_id": membership.user_id, "idempotency_key": idempotency_key}


def _parameters(membership: Membership, wish: Wish, idempotency_key: str, api_key: ApiKey | None) -> dict[str, Any]:
    return {
        **hold_parameters(membership, api_key),
        **{name: value for name, value in vars(wish).items() if name not in ("first_frame", "last_frame", "project")},
        "id": uuid7(),
        "author": membership.user_id,
        "membership": membership.pk,
        "idempotency_key": idempotency_key,
        **_still_parameters("first", wish.first_frame),
        **_still_parameters("last", wish.last_frame),
        "project_id": wish.project.pk if wish.project else None,
        "is_preview": settings.IS_LOCAL_ENGINE,
        "tier": SUPPORT.tier(wish.resolution),
        "seconds": wish.held_seconds,
    }


def _still_parameters(which: str, still: Asset | UploadedStill | None) -> dict[str, Any]:
    return {
        f"{which}_asset": still.pk if isinstance(still, Asset) else None,
        f"{which}_upload": still.upload_id if isinstance(still, UploadedStill) else None,
    }


def _admit(membership: Membership, wish: Wish, given: dict[str, Any]) -> tuple[Answer, EffectiveQuota]:
    """Ask once, or twice where a quota holds that is not the one remembered, or that the wish does not fit."""
    time_zone = membership.team.time_zone
    known = recall_settled(given, time_zone)
    if known and not _fits(wish, known.quota):
        known = None  # what was remembered may not refuse
    answer = retry_on_conflict(lambda: admit(given | known.parameters if known else given))
    if not answer.is_in_force or answer.known or answer.rules is None:
        return answer, known.quota if known else EffectiveQuota()
    settled = settle(answer.rules, given, time_zone)
    if answer.frozen is None and answer.is_offered and not _missing(wish, answer):
        _check(wish, settled.quota)
    return retry_on_conflict(lambda: admit(given | {"bounds": settled.bounds})), settled.quota


def _check(wish: Wish, quota: EffectiveQuota) -> None:
    quota.check(model=wish.model, resolution=wish.resolution, seconds=wish.held_seconds)


def _fits(wish: Wish, quota: EffectiveQuota) -> bool:
    try:
        _check(wish, quota)
    except NotAllowedError:
        return False
    return True


def _missing(wish: Wish, answer: Answer) -> list[Violation]:
    """The stills that are not where they were said to be."""
    frames = (
        ("image_uri", wish.first_frame, answer.first_frame),
        ("last_frame_uri", wish.last_frame, answer.last_frame),
    )
    return [Violation(field, MISSING) for field, asked, found in frames if asked is not None and found is None]


def _ended(membership: Membership) -> DailiesError:
    """The error for who was let in, but had no right to submit any more when it came to it."""
    try:
        require_lasting(Team.objects.get(pk=membership.team_id))
    except EndingTeamError as error:
        return error
    return ForbiddenError("Your membership, or the key that you used, has just ended.")


def _refusal(membership: Membership, wish: Wish, answer: Answer, quota: EffectiveQuota) -> DailiesError:
    if missing := _missing(wish, answer):
        return InvalidWishError(missing)
    if answer.frozen is not None:
        return FrozenError(answer.frozen)
    if not answer.is_offered:
        return InvalidWishError(_violations(membership, wish, models=offered_models()))
    if answer.rate is None:
        return NoPriceError(wish.model, wish.resolution)
    return refusal(answer.placed, quota=quota, team=membership.team, amount=answer.rate * wish.held_seconds)
