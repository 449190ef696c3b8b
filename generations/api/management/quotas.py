"""Credit limits (quotas): the effective limits of the current key, and the rules of team, roles, members and keys."""

from typing import Literal
from uuid import UUID

from ninja import Router
from pydantic import BaseModel, Field, StrictBool, model_validator

from generations.accounts.api_keys import Caller
from generations.accounts.models import ApiKey, Membership
from generations.accounts.roles import Right, Role
from generations.common.errors import NotFoundError
from generations.contract.schemas import Integral
from generations.contract.support import SUPPORT
from generations.credits.models import Period, Quota
from generations.credits.quota_settings import QuotaHolder, QuotaRule, clear_quota, set_quota
from generations.credits.quotas import Level, LimitSetting, QuotaLimits, effective_quota

from .auth import MANAGE, READ_OR_GENERATE, ApiRequest, require_right
from .openapi import errors
from .schemas import Input, KeyName, Moment, Person, RowId

router = Router(tags=["Quotas"])

MAX_CAP, MAX_COUNT = 10**12, 2**15 - 1


class RuledNumber(BaseModel):
    """A value and the level that set it. A null value means no limit."""

    value: int | None
    level: Level | None

    @classmethod
    def of(cls, ruled: LimitSetting[int]) -> "RuledNumber":
        return cls(value=ruled.value, level=ruled.level)


class RuledText(BaseModel):
    value: str | None
    level: Level | None


class RuledModels(BaseModel):
    value: list[str] | None
    level: Level | None


class RuledCap(RuledNumber):
    """Credits of the current period. `raised` of them are a temporary increase."""

    period: Period | None
    raised: int
    resets_at: Moment | None


class CapsOut(BaseModel):
    cap: RuledCap
    max_jobs: RuledNumber
    max_seconds: RuledNumber
    max_tier: RuledText
    allowed_models: RuledModels

    @classmethod
    def of(cls, caps: QuotaLimits) -> "CapsOut":
        cap, models = caps.cap.value, caps.allowed_models
        return cls(
            cap=RuledCap(
                value=cap.credits if cap else None,
                level=caps.cap.level,
                period=Period(cap.period) if cap else None,
                raised=cap.raised if cap else 0,
                resets_at=cap.span.end if cap else None,
            ),
            max_jobs=RuledNumber.of(caps.max_jobs),
            max_seconds=RuledNumber.of(caps.max_seconds),
            max_tier=RuledText(value=caps.max_tier.value, level=caps.max_tier.level),
            allowed_models=RuledModels(value=list(models.value) if models.value else None, level=models.level),
        )


class EffectiveOut(BaseModel):
    """A generation must fit both. A service key has only its own limits."""

    member: CapsOut
    key: CapsOut


class QuotaInput(Input):
    """A rule. A null value inherits from the level above."""

    cap: Integral | None = Field(None, ge=0, le=MAX_CAP, description="Credits per period.")
    period: Period = Period.MONTH
    is_uncapped: StrictBool = Field(
        False, description="Unlimited; overrides inherited limits. Can't be combined with `cap`."
    )
    max_jobs: Integral | None = Field(None, ge=0, le=MAX_COUNT, description="Maximum concurrent generations.")
    max_seconds: Integral | None = Field(None, ge=1, le=MAX_COUNT, description="Maximum duration per generation.")
    max_tier: Literal[tuple(SUPPORT.tiers)] | None = Field(None, description="Maximum resolution.")  # type: ignore[valid-type]
    allowed_models: list[Literal[tuple(SUPPORT.models)]] | None = Field(None, min_length=1)  # type: ignore[valid-type]

    @model_validator(mode="after")
    def check_cap(self) -> "QuotaInput":
        if self.is_uncapped and self.cap is not None:
            raise ValueError("is_uncapped can't be combined with cap")
        return self

    @property
    def rule(self) -> QuotaRule:
        models = tuple(self.allowed_models) if self.allowed_models else None
        return QuotaRule(**{**self.model_dump(), "max_tier": self.max_tier or "", "allowed_models": models})


class QuotaOut(BaseModel):
    """A rule and what it applies to."""

    level: Level
    role: Role | None
    member: Person | None
    key: KeyName | None
    cap: int | None
    period: Period
    is_uncapped: bool
    max_jobs: int | None
    max_seconds: int | None
    max_tier: str | None
    allowed_models: list[str] | None

    @classmethod
    def of(cls, quota: Quota) -> "QuotaOut":
        same = ("cap", "period", "is_uncapped", "max_jobs", "max_seconds", "allowed_models")
        return cls(
            **{name: getattr(quota, name) for name in same},
            level=_level(quota),
            role=Role(quota.role) if quota.role else None,
            member=Person.of(quota.membership.user) if quota.membership else None,
            key=KeyName.of(quota.api_key),
            max_tier=quota.max_tier or None,
        )


class QuotaList(BaseModel):
    data: list[QuotaOut]


@router.get("/effective", auth=READ_OR_GENERATE, response=EffectiveOut, operation_id="get_effective_quota")
def get_effective_quota(request: ApiRequest) -> EffectiveOut:
    """Get the effective limits of the current key, each with the level that set it."""
    quota = effective_quota(request.auth.membership, request.auth.key)
    return EffectiveOut(member=CapsOut.of(quota.member), key=CapsOut.of(quota.key))


@router.get("", auth=MANAGE, response=QuotaList, operation_id="list_quotas")
def list_quotas(request: ApiRequest) -> QuotaList:
    """List all rules of the team."""
    require_right(request.auth, Right.MANAGE_CREDITS)
    quotas = Quota.objects.filter(team=request.auth.team).select_related("membership__user", "api_key")
    return QuotaList(data=[QuotaOut.of(quota) for quota in quotas.order_by("pk")])


@router.put("/team", auth=MANAGE, response=QuotaOut, operation_id="set_team_quota")
def set_team(request: ApiRequest, data: QuotaInput) -> QuotaOut:
    """Set the default of every member. Replaces the previous rule."""
    return _set(request.auth, QuotaHolder(team=request.auth.team), data)


@router.delete("/team", auth=MANAGE, response={204: None}, operation_id="clear_team_quota")
def clear_team(request: ApiRequest) -> None:
    """Delete the default rule. Without a rule this does nothing."""
    _clear(request.auth, QuotaHolder(team=request.auth.team))


@router.put("/roles/{role}", auth=MANAGE, response=QuotaOut, operation_id="set_role_quota")
def set_role(request: ApiRequest, role: Role, data: QuotaInput) -> QuotaOut:
    """Set the rule of everyone with this role."""
    return _set(request.auth, QuotaHolder(team=request.auth.team, role=role), data)


@router.delete("/roles/{role}", auth=MANAGE, response={204: None}, operation_id="clear_role_quota")
def clear_role(request: ApiRequest, role: Role) -> None:
    """Delete the role's rule, so that the team's default applies. Without a rule this does nothing."""
    _clear(request.auth, QuotaHolder(team=request.auth.team, role=role))


@router.put(
    "/members/{int:user_id}",
    auth=MANAGE,
    response=QuotaOut,
    operation_id="set_member_quota",
    openapi_extra=errors(404),
)
def set_member(request: ApiRequest, user_id: RowId, data: QuotaInput) -> QuotaOut:
    """Set the member's rule."""
    return _set(request.auth, _of_member(request.auth, user_id), data)


@router.delete(
    "/members/{int:user_id}",
    auth=MANAGE,
    response={204: None},
    operation_id="clear_member_quota",
    openapi_extra=errors(404),
)
def clear_member(request: ApiRequest, user_id: RowId) -> None:
    """Delete the member's rule, so that the role's rule applies. Without a rule this does nothing."""
    _clear(request.auth, _of_member(request.auth, user_id))


@router.put(
    "/keys/{uuid:key_id}",
    auth=MANAGE,
    response=QuotaOut,
    operation_id="set_key_quota",
    openapi_extra=errors(404),
)
def set_key(request: ApiRequest, key_id: UUID, data: QuotaInput) -> QuotaOut:
    """Set the key's rule, which applies in addition to its user's."""
    return _set(request.auth, _of_key(request.auth, key_id), data)


@router.delete(
    "/keys/{uuid:key_id}",
    auth=MANAGE,
    response={204: None},
    operation_id="clear_key_quota",
    openapi_extra=errors(404),
)
def clear_key(request: ApiRequest, key_id: UUID) -> None:
    """Delete the key's rule, so that only its user's rules apply. Without a rule this does nothing."""
    _clear(request.auth, _of_key(request.auth, key_id))


def _set(caller: Caller, holder: QuotaHolder, data: QuotaInput) -> QuotaOut:
    require_right(caller, Right.MANAGE_CREDITS)
    return QuotaOut.of(set_quota(holder=holder, rule=data.rule, actor=caller.user))


def _clear(caller: Caller, holder: QuotaHolder) -> None:
    require_right(caller, Right.MANAGE_CREDITS)
    clear_quota(holder=holder, actor=caller.user)


def _of_member(caller: Caller, user_id: int) -> QuotaHolder:
    require_right(caller, Right.MANAGE_CREDITS)
    membership = Membership.objects.visible_to(caller).active().select_related("user").filter(user=user_id).first()
    if membership is None:
        raise NotFoundError
    return QuotaHolder(team=caller.team, membership=membership)


def _of_key(caller: Caller, key_id: UUID) -> QuotaHolder:
    require_right(caller, Right.MANAGE_CREDITS)
    key = ApiKey.objects.filter(team=caller.team, pk=key_id).first()
    if key is None:
        raise NotFoundError
    return QuotaHolder(team=caller.team, api_key=key)


def _level(quota: Quota) -> Level:
    if quota.api_key_id:
        return Level.KEY
    if quota.membership_id:
        return Level.MEMBER
    return Level.ROLE if quota.role else Level.TEAM
