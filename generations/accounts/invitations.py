"""Ways into a team: made, sent, renewed and revoked by its managers.

- An invitation with an address is a letter to one person; without one it is a link for whoever has it.
- The secret is in the link and nowhere else: a link is shown once, a letter's secret to nobody but its reader, so that
  whoever comes with it has proved to own the address.
- What cannot be accepted any more looks the same to a stranger, whatever the reason.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Now

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .access import require
from .letters import send_invitation
from .members import roles_within
from .models import Invitation, Membership
from .roles import Right, Role

LIFETIMES = {1: "1 day", 7: "7 days", 30: "30 days"}
RENEWED = timedelta(days=7)


class AlreadyInError(DailiesError):
    """The address belongs to somebody who is, or was, in the team."""

    status = 409
    code = "conflict"


@dataclass(frozen=True)
class NewInvitation:
    """An invitation with its secret, which is told this once and stored nowhere."""

    invitation: Invitation
    secret: str


def digest_of(secret: str) -> str:
    """A plain hash is enough: 256 random bits cannot be guessed through it."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite(
    *, inviter: Membership, role: Role, lifetime: timedelta, email: str = "", max_uses: int | None = None
) -> NewInvitation:
    """Make a link, or send a letter when there is an address. Raises ForbiddenError, AlreadyInError."""
    require(inviter, Right.MANAGE_TEAM)
    if role not in roles_within(inviter):
        raise ForbiddenError(f"Only an owner can invite somebody as {role.label.lower()}.")
    if email:
        _require_outsider(inviter, email)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        team=inviter.team,
        email=email.lower(),
        role=role,
        digest=digest_of(secret),
        created_by=inviter.user,
        expires_at=database_time(lifetime),
        max_uses=1 if email else max_uses,
    )
    invitation.refresh_from_db()
    after = {"role": role, "uses": invitation.max_uses, "days": lifetime.days}
    _record(EventKind.INVITATION_CREATED, invitation, inviter, after=after)
    if email:
        send_invitation(invitation, secret)
    return NewInvitation(invitation, secret)


@transaction.atomic
def renew_invitation(*, invitation: Invitation, actor: Membership) -> NewInvitation:
    """Give the invitation a new secret and a week, and send the letter again. The old link ends."""
    require(actor, Right.MANAGE_TEAM)
    secret = secrets.token_urlsafe(32)
    rows = Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True)
    if not rows.update(digest=digest_of(secret), expires_at=database_time(RENEWED)):
        raise NotFoundError
    invitation.refresh_from_db()
    _record(EventKind.INVITATION_RENEWED, invitation, actor, after={"days": RENEWED.days})
    if invitation.email:
        send_invitation(invitation, secret)
    return NewInvitation(invitation, secret)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, actor: Membership) -> None:
    """End the invitation. Who has come by it stays."""
    require(actor, Right.MANAGE_TEAM)
    if Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record(EventKind.INVITATION_REVOKED, invitation, actor)


def pending_invitations(actor: Membership) -> QuerySet[Invitation]:
    """What may still be accepted, newest first."""
    require(actor, Right.MANAGE_TEAM)
    return Invitation.objects.open().filter(team=actor.team_id).select_related("created_by").order_by("-id")


def access_invitation(actor: Membership, invitation_id: UUID) -> Invitation:
    """The one way to an invitation for those who manage the team. A role beyond the actor's own is not for them."""
    require(actor, Right.MANAGE_TEAM)
    found = Invitation.objects.select_related("team").filter(team=actor.team_id, pk=invitation_id).first()
    if found is None:
        raise NotFoundError
    if Role(found.role) not in roles_within(actor):
        raise ForbiddenError("Only an owner can change an owner's invitation.")
    return found


def _require_outsider(inviter: Membership, email: str) -> None:
    """Any confirmed address of a person counts as theirs."""
    users = EmailAddress.objects.filter(verified=True, email__iexact=email).values("user")
    members = Membership.objects.filter(team=inviter.team_id).annotate(address=Lower("user__email"))
    found = members.filter(Q(address=email.lower()) | Q(user__in=users)).select_related("user").first()
    if found is None:
        return
    if found.deactivated_at:
        raise AlreadyInError(
            f"{found.user} was in this team and is deactivated. Reactivate them in the list of people."
        )
    raise AlreadyInError(f"{found.user} is in this team already, as {found.get_role_display().lower()}.")


def _record(kind: EventKind, invitation: Invitation, actor: Membership, **data: object) -> None:
    record_audit(
        kind,
        team_id=invitation.team_id,
        actor_id=actor.user_id,
        subject_id=invitation.pk,
        email=invitation.email or "link",
        **data,  # type: ignore[arg-type]
    )
