"""The people of a team: their roles, and the end and return of their access.

Nobody gives or takes what they do not have themselves: a role with a right that the actor lacks is out of reach, which
keeps owners to owners. A team always has an active owner; the team's row is locked while that is looked at, so that
two owners cannot both go.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .access import require
from .keys import revoke_key
from .models import ApiKey, Invitation, Membership, MembershipQuerySet, Team
from .roles import RIGHTS, Right, Role
from .sessions import end_sessions


class OwnerNeededError(DailiesError):
    """The team would be left without an owner."""

    status = 409
    code = "conflict"

    def __init__(self, team: Team) -> None:
        super().__init__(f"{team} needs an owner. Make somebody else an owner first.")


def roles_within(actor: Membership) -> list[Role]:
    """The roles that the actor may give and take: those without a right that they lack."""
    return [role for role in Role if RIGHTS[role] <= RIGHTS[actor.role]]


def list_members(actor: Membership, *, search: str = "", is_active: bool | None = True) -> MembershipQuerySet:
    """The team's people with their accounts, in the order in which they came. `is_active` None gives everybody."""
    require(actor, Right.MANAGE_TEAM)
    members = Membership.objects.filter(team=actor.team_id).select_related("user").order_by("id")
    if is_active is not None:
        members = members.active() if is_active else members.exclude(pk__in=members.active().order_by().values("pk"))
    for word in search.split():
        members = members.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return members


def access_member(actor: Membership, membership_id: int) -> Membership:
    """The one way to another member of one's team."""
    require(actor, Right.MANAGE_TEAM)
    found = Membership.objects.select_related("team", "user").filter(team=actor.team_id, pk=membership_id).first()
    if found is None:
        raise NotFoundError
    return found


def may_change(actor: Membership, membership: Membership) -> bool:
    """Whether the actor may change the role or the access of the member at all."""
    return actor.can(Right.MANAGE_TEAM) and Role(membership.role) in roles_within(actor)


@transaction.atomic
def change_role(*, membership: Membership, role: Role, actor: Membership) -> None:
    """Give a member another role. Raises ForbiddenError and OwnerNeededError."""
    current = _lock(membership)
    _require_reach(actor, current)
    if role not in roles_within(actor):
        raise ForbiddenError(f"Only an owner can make somebody {role.label.lower()}.")
    if current.role == role:
        return
    if role != Role.OWNER:
        _require_other_owner(current)
    Membership.objects.filter(pk=current.pk).update(role=role)
    _record(
        EventKind.MEMBER_ROLE_CHANGED, current, actor, before={"role": current.role}, after={"role": role}, role=role
    )
    revalidate_subscribers(current.team_id)
    membership.role = role


@transaction.atomic
def close_membership(*, membership: Membership, actor: Membership) -> bool:
    """End somebody's access: membership, personal keys, invitations they made, and their sessions if no team is left.

    False when it had ended already. What they have waiting is for the caller to cancel. Raises ForbiddenError and
    OwnerNeededError. One's own membership may be ended with any role.
    """
    current = _lock(membership)
    if actor.pk != current.pk:
        _require_reach(actor, current)
    if current.deactivated_at:
        return False
    _require_other_owner(current)
    Membership.objects.filter(pk=current.pk).update(deactivated_at=Now())
    for key in ApiKey.objects.live().filter(team=current.team, user=current.user, is_service=False):
        revoke_key(key=key, actor=actor.user)
    made = Invitation.objects.filter(team=current.team, created_by=current.user, revoked_at__isnull=True)
    made.update(revoked_at=Now())
    if not Membership.objects.active().filter(user=current.user).exists():
        end_sessions(user=current.user)
    revalidate_subscribers(current.team_id)
    kind = EventKind.MEMBER_LEFT if actor.pk == current.pk else EventKind.MEMBER_DEACTIVATED
    _record(kind, current, actor, before={"active": True}, after={"active": False}, role=current.role)
    membership.refresh_from_db(fields=["deactivated_at"])
    return True


@transaction.atomic
def reactivate_member(*, membership: Membership, actor: Membership) -> None:
    """Let somebody in again, with the role they had. Their keys stay revoked. Raises ForbiddenError."""
    current = _lock(membership)
    _require_reach(actor, current)
    if current.deactivated_at is None:
        return
    Membership.objects.filter(pk=current.pk).update(deactivated_at=None)
    _record(
        EventKind.MEMBER_REACTIVATED,
        current,
        actor,
        before={"active": False},
        after={"active": True},
        role=current.role,
    )
    membership.deactivated_at = None


def _require_reach(actor: Membership, membership: Membership) -> None:
    require(actor, Right.MANAGE_TEAM)
    if actor.team_id != membership.team_id:
        raise NotFoundError
    if Role(membership.role) not in roles_within(actor):
        raise ForbiddenError("Only an owner can change an owner.")


def _lock(membership: Membership) -> Membership:
    """The member as of now. Changes of a team's people wait for each other; its jobs do not wait for them."""
    Team.objects.select_for_update(no_key=True).get(pk=membership.team_id)
    return Membership.objects.select_related("team", "user").get(pk=membership.pk)


def _require_other_owner(current: Membership) -> None:
    owners = Membership.objects.active().filter(team=current.team_id, role=Role.OWNER)
    if current.role == Role.OWNER and not owners.exclude(pk=current.pk).exists():
        raise OwnerNeededError(current.team)


def _record(kind: EventKind, membership: Membership, actor: Membership, **data: object) -> None:
    about = {"user": membership.user_id, "email": membership.user.email}
    record_audit(kind, team_id=membership.team_id, actor_id=actor.user_id, **about, **data)  # type: ignore[arg-type]
