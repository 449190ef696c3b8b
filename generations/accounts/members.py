"""The members of a team: change a role, deactivate and reactivate a member.

- Members can assign and change only roles whose permissions they have themselves, so only owners change owners.
- A team always has an active owner. The team's row is locked during the check, so that two owners cannot leave at the
  same time.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.live import revalidate_subscribers
from generations.events.record import record_audit

from .access import require
from .api_keys import revoke_key
from .models import ApiKey, Invitation, Membership, MembershipQuerySet, Team
from .roles import RIGHTS, Right, Role
from .sessions import end_sessions


class OwnerNeededError(DailiesError):
    """The change would leave the team without an owner."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("A team must have an owner. Make someone else an owner first.")


def assignable_roles(actor: Membership) -> list[Role]:
    """Return the roles that the actor may assign and change: those without a permission that the actor lacks."""
    return [role for role in Role if RIGHTS[role] <= RIGHTS[actor.role]]


def list_members(actor: Membership, *, search: str = "", is_active: bool | None = True) -> MembershipQuerySet:
    """Return the team's members with their users, oldest first. `is_active` None includes deactivated members."""
    require(actor, Right.MANAGE_TEAM)
    members = Membership.objects.visible_to(actor).select_related("user").order_by("id")
    if is_active is not None:
        members = members.active() if is_active else members.exclude(pk__in=members.active().order_by().values("pk"))
    for word in search.split():
        members = members.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return members


def access_member(actor: Membership, membership_id: int) -> Membership:
    """Return another member of the team. Raises ForbiddenError, NotFoundError."""
    require(actor, Right.MANAGE_TEAM)
    found = Membership.objects.visible_to(actor).select_related("team", "user").filter(pk=membership_id).first()
    if found is None:
        raise NotFoundError
    return found


def may_change(actor: Membership, membership: Membership) -> bool:
    """Return whether the actor may change the member's role or deactivate them."""
    return actor.can(Right.MANAGE_TEAM) and Role(membership.role) in assignable_roles(actor)


@transaction.atomic
def change_role(*, membership: Membership, role: Role, actor: Membership) -> None:
    """Raises ForbiddenError and OwnerNeededError."""
    current = _lock(membership)
    _require_may_change(actor, current)
    if role not in assignable_roles(actor):
        raise ForbiddenError(f"Only an owner can make someone {role.label.lower()}.")
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
    """Deactivate a member and revoke their personal keys and the invitations they created.

    Also ends their sessions if they have no other team. The caller cancels their queued generations. A member may
    leave with any role. Return False if the membership was inactive already. Raises ForbiddenError and
    OwnerNeededError.
    """
    current = _lock(membership)
    if actor.pk != current.pk:
        _require_may_change(actor, current)
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
    """Restore the member's access with their old role. Their keys stay revoked. Raises ForbiddenError."""
    current = _lock(membership)
    _require_may_change(actor, current)
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


def _require_may_change(actor: Membership, membership: Membership) -> None:
    require(actor, Right.MANAGE_TEAM)
    if actor.team_id != membership.team_id:
        raise NotFoundError
    if Role(membership.role) not in assignable_roles(actor):
        raise ForbiddenError("Only an owner can change an owner.")


def _lock(membership: Membership) -> Membership:
    """Return the current row. Locks the team against other changes of members, not against its generations."""
    Team.objects.select_for_update(no_key=True).get(pk=membership.team_id)
    return Membership.objects.select_related("team", "user").get(pk=membership.pk)


def _require_other_owner(current: Membership) -> None:
    owners = Membership.objects.active().filter(team=current.team_id, role=Role.OWNER)
    if current.role == Role.OWNER and not owners.exclude(pk=current.pk).exists():
        raise OwnerNeededError


def _record(kind: EventKind, membership: Membership, actor: Membership, **data: object) -> None:
    about = {"user": membership.user_id, "email": membership.user.email}
    record_audit(kind, team_id=membership.team_id, actor_id=actor.user_id, **about, **data)  # type: ignore[arg-type]
