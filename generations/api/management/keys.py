"""API keys: create, rotate and revoke. A key never creates a key with more permissions than its own."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, field_validator

from generations.accounts.api_keys import (
    Caller,
    KeyState,
    NewKey,
    access_key,
    create_key,
    revoke_key,
    rotate_key,
    status_of,
)
from generations.accounts.models import ApiKey
from generations.accounts.roles import Right, Role, Scope
from generations.common.errors import ForbiddenError
from generations.common.pagination import keyset_page
from generations.contract.schemas import Integral

from .auth import ANY, MANAGE, ApiRequest, require_right
from .openapi import errors
from .schemas import Input, Moment, PageOut, PageParams, Person, Text, When

router = Router(tags=["Keys"])
me_router = Router(tags=["Keys"])
MAX_OVERLAP_HOURS = 30 * 24


class KeyOut(BaseModel):
    """A key without its secret. `prefixes` are the first characters of its valid secrets."""

    id: UUID
    name: str
    kind: Literal["personal", "service"]
    scopes: list[Scope]
    user: Person
    state: KeyState
    prefixes: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="Accurate to the minute.")

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        return cls.model_validate(_members(key))


class CreatedKey(KeyOut):
    secret: str = Field(description="Returned only once and not stored.")

    @classmethod
    def of_new(cls, new: NewKey) -> "CreatedKey":
        return cls.model_validate({**_members(new.key), "secret": new.secret})


class KeyInput(Input):
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    scopes: list[Scope] = Field(min_length=1, description="Can't include scopes the current key lacks.")
    kind: Literal["personal", "service"] = "personal"
    expires_at: When | None = Field(None, description="Must be in the future. Null: never.")

    @field_validator("expires_at")
    @classmethod
    def is_in_the_future(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and moment <= timezone.now():
            raise ValueError("must be in the future")
        return moment


class Rotation(Input):
    overlap_hours: Integral = Field(24, ge=0, le=MAX_OVERLAP_HOURS, description="How long the old secret stays valid.")


class TeamOut(BaseModel):
    slug: str
    name: str
    time_zone: str


class Me(BaseModel):
    """The current key. `role` is the user's role. A service key's permissions come from its scopes alone."""

    key_id: UUID
    key_name: str
    kind: Literal["personal", "service"]
    scopes: list[Scope]
    expires_at: Moment | None
    user: Person
    role: Role
    team: TeamOut

    @classmethod
    def of(cls, caller: Caller) -> "Me":
        key, team = caller.key, caller.team
        return cls(
            key_id=key.pk,
            key_name=key.name,
            kind="service" if key.is_service else "personal",
            scopes=[Scope(scope) for scope in key.scopes],
            expires_at=key.expires_at,
            user=Person.of(caller.user),
            role=Role(caller.membership.role),
            team=TeamOut(slug=team.slug, name=team.name, time_zone=team.time_zone),
        )


@me_router.get("", auth=ANY, response=Me, operation_id="get_me")
def me(request: ApiRequest) -> Me:
    """Get the current key, its user, team and scopes."""
    return Me.of(request.auth)


@router.get("", auth=MANAGE, response=PageOut[KeyOut], operation_id="list_keys")
def list_keys(request: ApiRequest, page: Query[PageParams]) -> PageOut[KeyOut]:
    """List your own keys, or all keys of the team with permission to manage it. Includes expired and revoked keys."""
    keys = ApiKey.objects.visible_to(request.auth).select_related("user").prefetch_related("secrets")
    found = keyset_page(keys, cursor=page.cursor, size=page.limit)
    return PageOut(data=[KeyOut.of(key) for key in found.rows], next_cursor=found.next_cursor)


@router.post("", auth=MANAGE, response={201: CreatedKey}, operation_id="create_key")
def create(request: ApiRequest, data: KeyInput) -> CreatedKey:
    """Create a key. The response contains its secret, which is not shown again."""
    caller = request.auth
    _require_no_escalation(caller, data)
    made = create_key(
        membership=caller.membership,
        name=data.name,
        scopes=data.scopes,
        expires_at=data.expires_at,
        is_service=data.kind == "service",
    )
    return CreatedKey.of_new(made)


@router.get("/{uuid:key_id}", auth=MANAGE, response=KeyOut, operation_id="get_key", openapi_extra=errors(404))
def get_key(request: ApiRequest, key_id: UUID) -> KeyOut:
    """Get a key."""
    return KeyOut.of(access_key(request.auth, key_id))


@router.post(
    "/{uuid:key_id}/rotate",
    auth=MANAGE,
    response=CreatedKey,
    operation_id="rotate_key",
    openapi_extra=errors(404, 409),
)
def rotate(request: ApiRequest, key_id: UUID, rotation: Rotation) -> CreatedKey:
    """Create a new secret. The old secret stays valid during the overlap."""
    key = access_key(request.auth, key_id)
    if request.auth.key.is_service and not key.is_service:
        raise ForbiddenError("Service keys can't rotate personal keys.")
    overlap = timedelta(hours=rotation.overlap_hours)
    return CreatedKey.of_new(rotate_key(key=key, actor=request.auth.user, overlap=overlap))


@router.post(
    "/{uuid:key_id}/revoke", auth=MANAGE, response=KeyOut, operation_id="revoke_key", openapi_extra=errors(404)
)
def revoke(request: ApiRequest, key_id: UUID) -> KeyOut:
    """Revoke the key at once and for good. A key may revoke itself. A second call changes nothing."""
    key = access_key(request.auth, key_id)
    revoke_key(key=key, actor=request.auth.user)
    return KeyOut.of(key)


def _require_no_escalation(caller: Caller, data: KeyInput) -> None:
    """Raise ForbiddenError if the new key would have more permissions than the current one."""
    if data.kind == "service":
        require_right(caller, Right.MANAGE_TEAM)
    elif caller.key.is_service:
        raise ForbiddenError("Service keys can only create service keys.")
    if missing := [scope for scope in data.scopes if not caller.can(scope)]:
        raise ForbiddenError(f"The current key lacks scope {', '.join(missing)}, so it can't grant it.")


def _members(key: ApiKey) -> dict[str, object]:
    status = status_of(key)
    same = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        **{name: getattr(key, name) for name in same},
        "kind": "service" if key.is_service else "personal",
        "user": Person.of(key.user),
        "state": status.state,
        "prefixes": [secret.prefix for secret in status.secrets],
    }
