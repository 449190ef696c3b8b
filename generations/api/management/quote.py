"""Quote a generation: its price and whether a submit would be accepted. Stores and holds nothing."""

from collections.abc import Iterator, Mapping

from ninja import Router
from pydantic import BaseModel, Field

from generations.accounts.api_keys import Caller
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

from ..images import IMAGE_ERRORS, size_of
from ..requests import read_json
from .auth import GENERATE, ApiRequest, require_right
from .openapi import submit_body
from .schemas import Moment

router = Router(tags=["Quote"])


class LimitOut(BaseModel):
    """The credits of the wallet or of a quota."""

    limit: Limit
    available: int
    held: int
    left_after: int = Field(description="Balance after this generation; negative if not affordable.")
    resets_at: Moment | None


class RefusalOut(BaseModel):
    """An error that a submit would return now."""

    code: str
    limit: Limit
    detail: str


class CropOut(BaseModel):
    """The part of the image that fills the frame, in pixels of the image."""

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
    """`price` is in credits for `seconds`, which is the maximum if the model chooses the duration."""

    price: int
    credits_per_second: int
    seconds: int
    would_be_taken: bool
    refusals: list[RefusalOut]
    limits: list[LimitOut]
    crop: CropsOut


@router.post("", auth=GENERATE, response=QuoteOut, operation_id="quote", openapi_extra=submit_body())
def get_quote(request: ApiRequest) -> QuoteOut:
    """Send the body of a submit to get its price, the errors a submit would return, and the crop of the images."""
    caller = request.auth
    require_right(caller, Right.GENERATE)
    data = _parse(read_json(request))
    crops = CropsOut.model_validate(_crops(caller, data))
    seconds = data.duration or max(SUPPORT.models[data.model].seconds(data.resolution, data.fps))
    price = quote(model=data.model, resolution=data.resolution, duration=seconds)
    quota = effective_quota(caller.membership, caller.key)
    balance = balance_of(caller.membership, caller.key)
    usage = read_usage(caller.membership, quota, caller.key)
    limits = [_limit("wallet", balance.available, balance.held, price, None)]
    limits += [_limit(use.level.limit, use.left, use.held, price, use) for use in quota_uses(quota, usage)]
    errors = _errors(caller, data, seconds, price, balance, quota, usage)
    refusals = [_refusal(error) for error in errors]
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
    """Check the contract's rules. Raises InvalidRequestError with all violations, by field."""
    if violations := validate(body, models=offered_models()):
        raise InvalidRequestError(violations)
    return ImageToVideoRequest.model_validate(body)


def _crops(caller: Caller, data: ImageToVideoRequest) -> dict[str, CropOut | None]:
    found: dict[str, CropOut | None] = {"last_frame": None}
    violations = []
    for name in ("first_frame", "last_frame"):
        field = "image_uri" if name == "first_frame" else "last_frame_uri"
        if uri := getattr(data, field):
            try:
                size = size_of(caller, uri)
                found[name] = CropOut.of(size, cover_crop(*size, data.resolution))
            except IMAGE_ERRORS as error:
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


def _errors(
    caller: Caller,
    data: ImageToVideoRequest,
    seconds: int,
    price: Price,
    balance: Balance,
    quota: EffectiveQuota,
    usage: Mapping[str, Usage],
) -> Iterator[OutOfCreditsError | TooManyJobsError | NotAllowedError]:
    """Yield the errors that a submit would raise, in the same order."""
    try:
        quota.check(model=data.model, resolution=data.resolution, seconds=seconds)
    except NotAllowedError as error:
        yield error
    if balance.available < price.credits:
        available, held = balance.available, balance.held
        yield wallet_shortage(caller.membership, available=available, held=held, amount=price.credits)
    yield from exceeded_limits(caller.membership, quota, usage, price.credits)


def _refusal(error: OutOfCreditsError | TooManyJobsError | NotAllowedError) -> RefusalOut:
    limit = error.shortage.limit if isinstance(error, OutOfCreditsError) else error.limit
    return RefusalOut(code=error.code, limit=limit, detail=error.message)
