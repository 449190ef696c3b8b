"""Who the key speaks for."""

from typing import Literal
from uuid import UUID

from ninja import Router
from pydantic import BaseModel

from generations.accounts.callers import Caller
from generations.accounts.roles import Role, Scope

from .auth import ANY, ApiRequest
from .shapes import Moment, Person

router = Router(tags=["Keys"])


class TeamOut(BaseModel):
    slug: str
    name: str
    time_zone: str


class Me(BaseModel):
    """`role` is the user's; a service key's rights come from its scopes alone."""

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


@router.get("", auth=ANY, response=Me, operation_id="get_me")
def me(request: ApiRequest) -> Me:
    """The key in use, whose it is, and what it may be used for."""
    return Me.of(request.auth)
