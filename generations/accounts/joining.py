"""Coming into a team by an invitation, with an account or without one.

The invitation's row is locked while somebody comes in by it, so that it never serves more people than it may.
"""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import F

from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.notifications import notify
from generations.events.record import record_audit

from .models import Invitation, InvitationQuerySet, Membership, User

PENDING = "invitation"
"""The session's key for the hash of the invitation that waits while somebody signs in or makes an account."""


class NoInvitationError(DailiesError):
    """Expired, used up, revoked, or never made: whoever asks is not told which."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("This invitation cannot be used any more. Ask whoever sent it for a new one.")


class NotInvitedError(DailiesError):
    """The letter was for somebody else."""

    status = 403
    code = "forbidden"


class AccountExistsError(DailiesError):
    """There is an account with the invited address: sign in instead."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__("There is an account with this address. Sign in, and the invitation goes on.")


class DeactivatedError(DailiesError):
    """They were in the team; those who manage it decide whether they come back, not a link."""

    status = 409
    code = "conflict"


def open_invitation(digest: str) -> Invitation:
    """Find an invitation by the hash of its secret, in one query. Raises NoInvitationError."""
    invitation = _open(digest).select_related("team", "created_by").first()
    if invitation is None:
        raise NoInvitationError
    return invitation


def has_account(email: str) -> bool:
    is_known = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
    return is_known or User.objects.filter(email__iexact=email).exists()


def require_addressee(invitation: Invitation, user: User) -> None:
    """Raises NotInvitedError. Any confirmed address of the person will do."""
    email = invitation.email
    if not email or user.email.lower() == email:
        return
    if not EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists():
        raise NotInvitedError(
            f"This invitation is for {email}, and you are signed in as {user.email}. "
            f"Sign out and come back by the link, or ask for an invitation to {user.email}."
        )


@transaction.atomic
def accept_invitation(*, digest: str, user: User) -> Membership:
    """Take the user into the team. Who is in already stays as they are, and the invitation is not used for it.

    Raises NoInvitationError, NotInvitedError and DeactivatedError.
    """
    invitation = _locked(digest)
    require_addressee(invitation, user)
    role = invitation.role
    membership, is_new = Membership.objects.get_or_create(team=invitation.team, user=user, defaults={"role": role})
    if membership.deactivated_at:
        raise DeactivatedError(f"You were in {invitation.team} before. Ask an owner or admin to let you in again.")
    if is_new:
        Invitation.objects.filter(pk=invitation.pk).update(uses=F("uses") + 1)
        _tell(invitation, membership)
    return membership


@transaction.atomic
def join_with_new_account(*, digest: str, name: str, password: str) -> Membership:
    """Make an account with the invited address, which the letter's secret has proved, and take it into the team.

    Raises NoInvitationError, also for a link, which proves no address; and AccountExistsError.
    """
    invitation = _locked(digest)
    if not invitation.email:
        raise NoInvitationError
    if has_account(invitation.email):
        raise AccountExistsError
    try:
        with transaction.atomic():
            user = User.objects.create_user(invitation.email, password, name=name)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as error:
        raise AccountExistsError from error
    return accept_invitation(digest=digest, user=user)


def _open(digest: str) -> InvitationQuerySet:
    return Invitation.objects.open().filter(digest=digest, team__ends_at__isnull=True)


def _locked(digest: str) -> Invitation:
    invitation = _open(digest).select_related("team").select_for_update(of=("self",)).first()
    if invitation is None:
        raise NoInvitationError
    return invitation


def _tell(invitation: Invitation, membership: Membership) -> None:
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
        text = f"{user} has joined {team} as {membership.get_role_display().lower()}."
        path = f"/t/{team.slug}/people/"
        notify(user_ids=[invitation.created_by_id], kind="member.added", text=text, path=path, team_id=team.pk)
