"""What a submit would cost and whether it would be taken, with nothing stored and nothing held."""

from collections.abc import Iterator, Mapping

from ninja import Router
from pydantic import BaseModel, Field

from generations.accounts.callers import Caller
from generations.accounts.roles import Right
from generations.contract.rules import Violation, validate
from generations.contract.schemas import ImageToVideoRequest
from generations.contract.support import SUPPORT, Crop, cover_crop
from generations.credits.balances import Balance, balance_of
from generations.credits.errors import Limit, NotAllowedError, OutOfCreditsError, TooManyJobsError
from generations.credits.holds import wallet_shortage
from generations.credits.prices import Price, offered_models, quote
from generations.credits.quotas import (
    EffectiveQuota,
    QuotaUse,
    Usage,
    effective_quota,
    exceeded_limits,
    quota_uses,
    read_usage,
)
from generations.jobs.submit import InvalidRequestError

from ..bodies import read_json
from ..images import IMAGE_FAULTS, size_of
from .auth import GENERATE, ApiRequest, require_right
from .openapi import takes_submit_body
from .shapes import Moment

router = Router(tags=["Quote"])


class LimitOut(BaseModel):
    """Credits of the wallet, or of a quota that holds."""

    limit: Limit
    available: int
    held: int
    left_after: int = Field(description="What this job would leave; below zero it is not covered.")
    resets_at: Moment | None


class RefusalOut(BaseModel):
    """What a submit would be refused with at present."""

    code: str
    limit: Limit
    detail: str


class CropOut(BaseModel):
    """The part of the still that fills the frame, in its own pixels."""

    x: int
    y: int
    width: int
    height: int
    of_width: int
    of_height: int

    @classmethod
    def of(cls, size: tuple[int, int], crop: Crop) -> "CropOut":
        return cls(**vars(crop), of_width=size[0], of_height=size[1])


class CropsOut(BaseModel):
    first_frame: CropOut
    last_frame: CropOut | None


class QuoteOut(BaseModel):
    """`price` is in credits, for `seconds`: the longest possible where the length is left to the model."""

    price: int
    credits_per_second: int
    seconds: int
    would_be_taken: bool
    refusals: list[RefusalOut]
    limits: list[LimitOut]
    crop: CropsOut


@router.post("", auth=GENERATE, response=QuoteOut, operation_id="quote", openapi_extra=takes_submit_body())
def ask(request: ApiRequest) -> QuoteOut:
    """The body of a submit, answered with its price, what it would meet, and how the stills are cropped."""
    caller = request.auth
    require_right(caller, Right.GENERATE)
    wish = _parse(read_json(request))
    crops = CropsOut.model_validate(_crops(caller, wish))
    seconds = wish.duration or max(SUPPORT.models[wish.model].seconds(wish.resolution, wish.fps))
    price = quote(model=wish.model, resolution=wish.resolution, duration=seconds)
    quota = effective_quota(caller.membership, caller.key)
    balance = balance_of(caller.membership, caller.key)
    usage = read_usage(caller.membership, quota, caller.key)
    limits = [_limit("wallet", balance.available, balance.held, price, None)]
    limits += [_limit(use.level.limit, use.left, use.held, price, use) for use in quota_uses(quota, usage)]
    errors = _refusals(caller, wish, seconds, price, balance, quota, usage)
    refusals = [_told(error) for error in errors]
    return QuoteOut(
        price=price.credits,
        credits_per_second=price.credits_per_second,
        seconds=seconds,
        would_be_taken=not refusals,
        refusals=refusals,
        limits=limits,
        crop=crops,
    )


def _parse(body: object) -> ImageToVideoRequest:
    """The contract's rules; what breaks them is told by field, all of it at once."""
    if violations := validate(body, models=offered_models()):
        raise InvalidRequestError(violations)
    return ImageToVideoRequest.model_validate(body)


def _crops(caller: Caller, wish: ImageToVideoRequest) -> dict[str, CropOut | None]:
    found: dict[str, CropOut | None] = {"last_frame": None}
    violations = []
    for name in ("first_frame", "last_frame"):
        field = "image_uri" if name == "first_frame" else "last_frame_uri"
        if uri := getattr(wish, field):
            try:
                size = size_of(caller, uri)
                found[name] = CropOut.of(size, cover_crop(*size, wish.resolution))
            except IMAGE_FAULTS as error:
                violations.append(Violation(field, error.message))
    if violations:
        raise InvalidRequestError(violations)
    return found


def _limit(limit: Limit, available: int, held: int, price: Price, use: QuotaUse | None) -> LimitOut:
    return LimitOut(
        limit=limit,
        available=max(0, available),
        held=held,
        left_after=available - price.credits,
        resets_at=use.resets_at if use else None,
    )


def _refusals(
    caller: Caller,
    wish: ImageToVideoRequest,
    seconds: int,
    price: Price,
    balance: Balance,
    quota: EffectiveQuota,
    usage: Mapping[str, Usage],
) -> Iterator[OutOfCreditsError | TooManyJobsError | NotAllowedError]:
    """The errors that a submit would raise, in its order."""
    try:
        quota.check(model=wish.model, resolution=wish.resolution, seconds=seconds)
    except NotAllowedError as error:
        yield error
    if balance.available < price.credits:
        available, held = balance.available, balance.held
        yield wallet_shortage(caller.membership, available=available, held=held, amount=price.credits)
    yield from exceeded_limits(caller.membership, quota, usage, price.credits)


def _told(error: OutOfCreditsError | TooManyJobsError | NotAllowedError) -> RefusalOut:
    limit = error.shortage.limit if isinstance(error, OutOfCreditsError) else error.limit
    return RefusalOut(code=error.code, limit=limit, detail=error.message)
