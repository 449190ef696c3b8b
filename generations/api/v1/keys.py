"""API keys by API: made, rotated and revoked by a key with the scope `manage`, never beyond what that key may do."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, field_validator

from generations.accounts.callers import Caller
from generations.accounts.key_facts import KeyState, facts_of
from generations.accounts.keys import NewKey, create_key, revoke_key, rotate_key
from generations.accounts.models import ApiKey, ApiKeyQuerySet
from generations.accounts.roles import Right, Scope
from generations.common.errors import ForbiddenError, NotFoundError
from generations.common.pagination import keyset_page
from generations.contract.schemas import Integral

from .auth import MANAGE, ApiRequest, require_right
from .openapi import refuses
from .shapes import Given, Moment, PageOut, PageParams, Person, Text, When

router = Router(tags=["Keys"])
LONGEST_OVERLAP = 30 * 24


class KeyOut(BaseModel):
    """A key without its secret. `prefixes` are the beginnings of the secrets that are in force."""

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
    last_used_at: Moment | None = Field(description="To the minute.")

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        return cls.model_validate(_members(key))


class KeyMade(KeyOut):
    secret: str = Field(description="Told this once and stored nowhere.")

    @classmethod
    def of_new(cls, made: NewKey) -> "KeyMade":
        return cls.model_validate({**_members(made.key), "secret": made.secret})


class KeyWanted(Given):
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    scopes: list[Scope] = Field(min_length=1, description="None that the key in use has not.")
    kind: Literal["personal", "service"] = "personal"
    expires_at: When | None = Field(None, description="In the future; null is never.")

    @field_validator("expires_at")
    @classmethod
    def lies_ahead(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and moment <= timezone.now():
            raise ValueError("must be in the future")
        return moment


class Rotation(Given):
    overlap_hours: Integral = Field(24, ge=0, le=LONGEST_OVERLAP, description="How long the old secret goes on.")


@router.get("", auth=MANAGE, response=PageOut[KeyOut], operation_id="list_keys")
def list_keys(request: ApiRequest, page: Query[PageParams]) -> PageOut[KeyOut]:
    """One's own keys, newest first; the team's for whoever manages it. Ended keys stay in the list."""
    keys = _visible(request.auth).select_related("user").prefetch_related("secrets")
    found = keyset_page(keys, cursor=page.cursor, size=page.limit)
    return PageOut(data=[KeyOut.of(key) for key in found.rows], next_cursor=found.next_cursor)


@router.post("", auth=MANAGE, response={201: KeyMade}, operation_id="create_key")
def create(request: ApiRequest, wanted: KeyWanted) -> KeyMade:
    """Make a key. The answer holds its secret, which is never told again."""
    caller = request.auth
    _check_reach(caller, wanted)
    made = create_key(
        membership=caller.membership,
        name=wanted.name,
        scopes=wanted.scopes,
        expires_at=wanted.expires_at,
        is_service=wanted.kind == "service",
    )
    return KeyMade.of_new(made)


@router.get("/{uuid:key_id}", auth=MANAGE, response=KeyOut, operation_id="get_key", openapi_extra=refuses(404))
def get_key(request: ApiRequest, key_id: UUID) -> KeyOut:
    """One key."""
    return KeyOut.of(_access(request.auth, key_id))


@router.post(
    "/{uuid:key_id}/rotate", auth=MANAGE, response=KeyMade, operation_id="rotate_key", openapi_extra=refuses(404, 409)
)
def rotate(request: ApiRequest, key_id: UUID, rotation: Rotation) -> KeyMade:
    """Give the key a new secret. The old one goes on for the overlap, so that nothing stops meanwhile."""
    key = _access(request.auth, key_id)
    if request.auth.key.is_service and not key.is_service:
        raise ForbiddenError("A service key speaks for no person, so it cannot take a personal key over.")
    overlap = timedelta(hours=rotation.overlap_hours)
    return KeyMade.of_new(rotate_key(key=key, actor=request.auth.user, overlap=overlap))


@router.post(
    "/{uuid:key_id}/revoke", auth=MANAGE, response=KeyOut, operation_id="revoke_key", openapi_extra=refuses(404)
)
def revoke(request: ApiRequest, key_id: UUID) -> KeyOut:
    """End the key for good, from the next request on. A key may revoke itself; revoked twice is fine."""
    key = _access(request.auth, key_id)
    revoke_key(key=key, actor=request.auth.user)
    return KeyOut.of(key)


def _visible(caller: Caller) -> ApiKeyQuerySet:
    keys = ApiKey.objects.filter(team=caller.team)
    if caller.can(Right.MANAGE_TEAM):
        return keys
    return keys.filter(user=caller.user, is_service=False)


def _access(caller: Caller, key_id: UUID) -> ApiKey:
    key = _visible(caller).select_related("team", "user").filter(pk=key_id).first()
    if key is None:
        raise NotFoundError
    return key


def _check_reach(caller: Caller, wanted: KeyWanted) -> None:
    """Raise ForbiddenError for a key that could do more than the one that asks for it."""
    if wanted.kind == "service":
        require_right(caller, Right.MANAGE_TEAM)
    elif caller.key.is_service:
        raise ForbiddenError("A service key speaks for no person. It makes service keys only.")
    if beyond := [scope for scope in wanted.scopes if not caller.can(scope)]:
        raise ForbiddenError(f"The key in use has not the scope {', '.join(beyond)}, so it cannot give it.")


def _members(key: ApiKey) -> dict[str, object]:
    facts = facts_of(key)
    same = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        **{name: getattr(key, name) for name in same},
        "kind": "service" if key.is_service else "personal",
        "user": Person.of(key.user),
        "state": facts.state,
        "prefixes": [secret.prefix for secret in facts.secrets],
    }
