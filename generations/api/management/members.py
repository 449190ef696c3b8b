"""Members of the team."""

from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.accounts.models import Membership
from generations.accounts.roles import Right, Role
from generations.common.errors import NotFoundError
from generations.common.pagination import numbered_page

from .auth import READ, ApiRequest
from .openapi import errors
from .schemas import Moment, PageOut, PageParams, RowId

router = Router(tags=["Members"])


class MemberOut(BaseModel):
    id: int = Field(description="User id, as in `author` of a generation.")
    name: str
    email: str | None = Field(description="Visible to team managers; null for others.")
    role: Role
    joined_at: Moment

    @classmethod
    def of(cls, member: Membership, *, with_email: bool) -> "MemberOut":
        person = member.user
        return cls(
            id=person.pk,
            name=person.display_name,
            email=person.email if with_email else None,
            role=Role(member.role),
            joined_at=member.created_at,
        )


@router.get("", auth=READ, response=PageOut[MemberOut], operation_id="list_members")
def list_members(request: ApiRequest, page: Query[PageParams]) -> PageOut[MemberOut]:
    """List active members, oldest first."""
    caller = request.auth
    members = Membership.objects.visible_to(caller).active().select_related("user")
    found = numbered_page(members, cursor=page.cursor, size=page.limit, is_newest_first=False)
    with_email = caller.can(Right.MANAGE_TEAM)
    data = [MemberOut.of(member, with_email=with_email) for member in found.rows]
    return PageOut(data=data, next_cursor=found.next_cursor)


@router.get("/{int:user_id}", auth=READ, response=MemberOut, operation_id="get_member", openapi_extra=errors(404))
def get_member(request: ApiRequest, user_id: RowId) -> MemberOut:
    """Get a member."""
    caller = request.auth
    member = Membership.objects.visible_to(caller).active().select_related("user").filter(user=user_id).first()
    if member is None:
        raise NotFoundError
    return MemberOut.of(member, with_email=caller.can(Right.MANAGE_TEAM))
