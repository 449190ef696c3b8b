"""Invitations to a team: create, send, renew, revoke and accept.

- An invitation with an email is sent to one person. Without one it is a link that anyone can use.
- Only the hash of the secret is stored. A link is shown once. An emailed secret is never shown on a page, so a
  user who opens it has proved that the email is theirs.
- An invitation that cannot be accepted gives the same error for every reason.
- The row is locked during acceptance, so that an invitation is never used more often than allowed.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from smtplib import SMTPException
from uuid import UUID

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower, Now
from django.template.loader import render_to_string

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError, NotFoundError
from generations.events.kinds import EventKind
from generations.events.notifications import notify
from generations.events.record import record_audit

from .access import require
from .members import assignable_roles
from .models import Invitation, InvitationQuerySet, Membership, User
from .roles import Right, Role

LIFETIMES = {1: "1 day", 7: "7 days", 30: "30 days"}
RENEWAL = timedelta(days=7)
PENDING = "invitation"
"""The session key for the hash of an invitation, kept while the user signs in or signs up."""

log = structlog.get_logger(__name__)


class AlreadyMemberError(DailiesError):
    """The email belongs to someone who is or was a member."""

    status = 409
    code = "conflict"


class InvalidInvitationError(DailiesError):
    """The invitation expired, was used up or revoked, or never existed. The user does not learn which."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("This invitation is no longer valid. Ask for a new one.")


class NotInvitedError(DailiesError):
    """The invitation is for another email."""

    status = 403
    code = "forbidden"


class AccountExistsError(DailiesError):
    """The invited email has an account, so the user must sign in instead."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("You already have an account. Sign in to accept the invitation.")


class DeactivatedMemberError(DailiesError):
    """A deactivated member cannot return by an invitation; an owner or admin must reactivate them."""

    status = 409
    code = "conflict"


@dataclass(frozen=True)
class NewInvitation:
    """An invitation with its secret, which is shown once and not stored."""

    invitation: Invitation
    secret: str


def digest_of(secret: str) -> str:
    """A plain hash is enough, because nobody can guess 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite(
    *, inviter: Membership, role: Role, lifetime: timedelta, email: str = "", max_uses: int | None = None
) -> NewInvitation:
    """Create a link, or send an email if one is given. Raises ForbiddenError, AlreadyMemberError."""
    require(inviter, Right.MANAGE_TEAM)
    if role not in assignable_roles(inviter):
        raise ForbiddenError(f"Only an owner can invite someone as {role.label.lower()}.")
    if email:
        _require_no_member(inviter, email)
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
        _send_email(invitation, secret)
    return NewInvitation(invitation, secret)


@transaction.atomic
def renew_invitation(*, invitation: Invitation, actor: Membership) -> NewInvitation:
    """Replace the secret, extend the invitation by a week and send the email again. The old link stops working."""
    require(actor, Right.MANAGE_TEAM)
    secret = secrets.token_urlsafe(32)
    rows = Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True)
    if not rows.update(digest=digest_of(secret), expires_at=database_time(RENEWAL)):
        raise NotFoundError
    invitation.refresh_from_db()
    _record(EventKind.INVITATION_RENEWED, invitation, actor, after={"days": RENEWAL.days})
    if invitation.email:
        _send_email(invitation, secret)
    return NewInvitation(invitation, secret)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, actor: Membership) -> None:
    """Members who have accepted it stay."""
    require(actor, Right.MANAGE_TEAM)
    if Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        _record(EventKind.INVITATION_REVOKED, invitation, actor)


def pending_invitations(actor: Membership) -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted, newest first. Raises ForbiddenError."""
    require(actor, Right.MANAGE_TEAM)
    return Invitation.objects.visible_to(actor).open().select_related("created_by").order_by("-id")


def access_invitation(actor: Membership, invitation_id: UUID) -> Invitation:
    """Raises NotFoundError, and ForbiddenError for a role that the actor cannot assign."""
    require(actor, Right.MANAGE_TEAM)
    found = Invitation.objects.visible_to(actor).select_related("team").filter(pk=invitation_id).first()
    if found is None:
        raise NotFoundError
    if Role(found.role) not in assignable_roles(actor):
        raise ForbiddenError("Only an owner can change an owner's invitation.")
    return found


def find_invitation(digest: str) -> Invitation:
    """Return the invitation with this hash, in one query. Raises InvalidInvitationError."""
    invitation = _acceptable(digest).select_related("team", "created_by").first()
    if invitation is None:
        raise InvalidInvitationError
    return invitation


def has_account(email: str) -> bool:
    is_verified = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
    return is_verified or User.objects.filter(email__iexact=email).exists()


def require_recipient(invitation: Invitation, user: User) -> None:
    """Raises NotInvitedError unless the invitation is a link or for one of the user's verified emails."""
    email = invitation.email
    if not email or user.email.lower() == email:
        return
    if not EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists():
        raise NotInvitedError(
            f"This invitation is for {email}, but you're signed in as {user.email}. "
            f"Sign out and open the link again, or ask for an invitation to {user.email}."
        )


@transaction.atomic
def accept_invitation(*, digest: str, user: User) -> Membership:
    """Add the user to the team. A member keeps their role, and the invitation is not used up.

    Raises InvalidInvitationError, NotInvitedError and DeactivatedMemberError.
    """
    invitation = _lock(digest)
    require_recipient(invitation, user)
    role = invitation.role
    membership, is_new = Membership.objects.get_or_create(team=invitation.team, user=user, defaults={"role": role})
    if membership.deactivated_at:
        raise DeactivatedMemberError(
            f"You were a member of {invitation.team} before. Ask an owner or admin to reactivate you."
        )
    if is_new:
        Invitation.objects.filter(pk=invitation.pk).update(uses=F("uses") + 1)
        _record_joined(invitation, membership)
    return membership


@transaction.atomic
def join_with_new_account(*, digest: str, name: str, password: str) -> Membership:
    """Create an account with the invited email, which the emailed secret has verified, and add it to the team.

    Raises AccountExistsError, and InvalidInvitationError, also for a link, which verifies no email.
    """
    invitation = _lock(digest)
    if not invitation.email:
        raise InvalidInvitationError
    if has_account(invitation.email):
        raise AccountExistsError
    try:
        with transaction.atomic():
            user = User.objects.create_user(invitation.email, password, name=name)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as error:
        raise AccountExistsError from error
    return accept_invitation(digest=digest, user=user)


def _acceptable(digest: str) -> InvitationQuerySet:
    return Invitation.objects.open().filter(digest=digest, team__ends_at__isnull=True)


def _lock(digest: str) -> Invitation:
    invitation = _acceptable(digest).select_related("team").select_for_update(of=("self",)).first()
    if invitation is None:
        raise InvalidInvitationError
    return invitation


def _require_no_member(inviter: Membership, email: str) -> None:
    """Raises AlreadyMemberError. Compares with every verified email of each member."""
    users = EmailAddress.objects.filter(verified=True, email__iexact=email).values("user")
    members = Membership.objects.filter(team=inviter.team_id).annotate(address=Lower("user__email"))
    found = members.filter(Q(address=email.lower()) | Q(user__in=users)).select_related("user").first()
    if found is None:
        return
    if found.deactivated_at:
        raise AlreadyMemberError(f"{found.user} was deactivated. Reactivate them under Members.")
    raise AlreadyMemberError(f"{found.user} is already a member ({found.get_role_display()}).")


def _send_email(invitation: Invitation, secret: str) -> None:
    """Send the email after the commit. A failure is logged; the invitation can be sent again from the page."""
    context = {
        "invitation": invitation,
        "inviter": invitation.created_by,
        "url": f"{settings.PUBLIC_URL}/invitations/{secret}",
    }
    inviter = invitation.created_by
    subject = f"{inviter} invited you to join {invitation.team}" if inviter else f"Join {invitation.team}"
    subject = " ".join(f"{subject} on Dailies".split())  # names may contain line breaks, subjects may not
    body = render_to_string("mail/invitation.txt", context)
    transaction.on_commit(partial(_send, subject, body, invitation.email), robust=True)


def _send(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except (SMTPException, OSError) as error:
        log.warning("invitation_not_mailed", error=type(error).__name__)


def _record(kind: EventKind, invitation: Invitation, actor: Membership, **data: object) -> None:
    record_audit(
        kind,
        team_id=invitation.team_id,
        actor_id=actor.user_id,
        subject_id=invitation.pk,
        email=invitation.email or "link",
        **data,  # type: ignore[arg-type]
    )


def _record_joined(invitation: Invitation, membership: Membership) -> None:
    """Record the new member and notify the inviter."""
    team, user = invitation.team, membership.user
    record_audit(
        EventKind.MEMBER_ADDED,
        team_id=team.pk,
        actor_id=user.pk,
        subject_id=invitation.pk,
        user=user.pk,
        email=user.email,
        role=membership.role,
    )
    if invitation.created_by_id:
        text = f"{user} joined {team} as {membership.get_role_display()}."
        path = f"/t/{team.slug}/people/"
        notify(user_ids=[invitation.created_by_id], kind="member.added", text=text, path=path, team_id=team.pk)
