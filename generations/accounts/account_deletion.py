"""Delete a user's account.

- The user's row is anonymized, not deleted. What a team created and paid with them stays, under "Deleted account".
- Takes, ledger entries, events, memberships and service keys still point to the user's row.
- Personal data and every way to sign in are removed or overwritten: email, name, password, sessions, second factors,
  connected accounts, personal keys, notifications.
- The only owner of a team with other members cannot be deleted. A team without other members is scheduled for deletion.
"""

from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.models import Notification
from generations.events.record import record_audit

from .api_keys import revoke_key
from .models import ApiKey, Invitation, Membership, Team, User
from .roles import Role
from .sessions import end_sessions
from .team_deletion import start_deletion

DELETED_NAME = "Deleted account"


class OnlyOwnerError(DailiesError):
    """The user is the only owner of a team that has other members."""

    status = 409
    code = "conflict"

    def __init__(self, teams: list[Team]) -> None:
        names = ", ".join(team.name for team in teams)
        super().__init__(f"You're the only owner of {names}. Make someone else an owner first.")
        self.teams = teams


def teams_with_only_owner(user: User) -> QuerySet[Team]:
    """Teams with other members of which the user is the only owner."""
    others = Membership.objects.active().filter(team=OuterRef("pk")).exclude(user=user)
    own = Membership.objects.active().filter(team=OuterRef("pk"), user=user, role=Role.OWNER)
    return Team.objects.filter(Exists(own), Exists(others), ~Exists(others.filter(role=Role.OWNER))).order_by("name")


def teams_with_only_member(user: User) -> QuerySet[Team]:
    """Teams without any other member."""
    others = Membership.objects.active().filter(team=OuterRef("pk")).exclude(user=user)
    own = Membership.objects.active().filter(team=OuterRef("pk"), user=user)
    return Team.objects.filter(Exists(own), ~Exists(others)).order_by("name")


def require_not_only_owner(user: User) -> None:
    """Raises OnlyOwnerError."""
    if teams := list(teams_with_only_owner(user)):
        raise OnlyOwnerError(teams)


@transaction.atomic
def anonymize_account(*, user: User) -> None:
    """Remove the user's personal data and access for good. A second call changes nothing.

    Raises OnlyOwnerError. Locks the user's teams, so that two owners cannot leave at the same time.
    """
    list(Team.objects.select_for_update(no_key=True).filter(memberships__user=user).order_by("pk"))
    require_not_only_owner(user)
    for key in ApiKey.objects.live().filter(user=user, is_service=False):
        revoke_key(key=key, actor=user)
    Invitation.objects.filter(created_by=user, revoked_at__isnull=True).update(revoked_at=Now())
    for team in teams_with_only_member(user).filter(ends_at__isnull=True):
        start_deletion(team=team, actor=user)
    _end_memberships(user)
    for rows in (EmailAddress, Authenticator, SocialAccount, Notification):
        rows.objects.filter(user=user).delete()
    end_sessions(user=user)
    _overwrite(user)


def _end_memberships(user: User) -> None:
    current = Membership.objects.filter(user=user, deactivated_at__isnull=True)
    before, after = {"active": True}, {"active": False}
    for team_id in current.values_list("team", flat=True):
        record_audit(EventKind.MEMBER_LEFT, team_id=team_id, actor_id=user.pk, user=user.pk, before=before, after=after)
    current.update(deactivated_at=Now())


def _overwrite(user: User) -> None:
    user.email = f"deleted-{uuid4().hex}@invalid"
    user.name = DELETED_NAME
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
