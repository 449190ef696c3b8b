"""The end of an account.

- The person goes; what a team has made and paid with them stays, under the name "Deleted account".
- Rows that others rely on (takes, ledger entries, events, memberships, service keys) go on pointing to the user.
- What tells of the person or lets them in is removed or overwritten: address, name, password, sessions, second
  factors, connected accounts, personal keys, notices.
- Nobody leaves a team without an owner while others are in it. A team that nobody else is in ends, after its grace.
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

from .ending import begin_to_end
from .keys import revoke_key
from .models import ApiKey, Invitation, Membership, Team, User
from .roles import Role
from .sessions import end_sessions

DELETED_NAME = "Deleted account"


class LastOwnerError(DailiesError):
    """Others are in a team that only this person owns."""

    status = 409
    code = "conflict"

    def __init__(self, teams: list[Team]) -> None:
        names = ", ".join(team.name for team in teams)
        super().__init__(f"You are the only owner of {names}. Make somebody else an owner first, then come back.")
        self.teams = teams


def teams_left_without_owner(user: User) -> QuerySet[Team]:
    """Teams with other people in them that nobody else owns."""
    others = Membership.objects.active().filter(team=OuterRef("pk")).exclude(user=user)
    own = Membership.objects.active().filter(team=OuterRef("pk"), user=user, role=Role.OWNER)
    return Team.objects.filter(Exists(own), Exists(others), ~Exists(others.filter(role=Role.OWNER))).order_by("name")


def teams_of_nobody_else(user: User) -> QuerySet[Team]:
    """Teams that would stand empty without the person."""
    others = Membership.objects.active().filter(team=OuterRef("pk")).exclude(user=user)
    own = Membership.objects.active().filter(team=OuterRef("pk"), user=user)
    return Team.objects.filter(Exists(own), ~Exists(others)).order_by("name")


def require_no_team_without_owner(user: User) -> None:
    """Raises LastOwnerError."""
    if teams := list(teams_left_without_owner(user)):
        raise LastOwnerError(teams)


@transaction.atomic
def anonymise_account(*, user: User) -> None:
    """Remove the person for good and leave a nameless row behind. A second call does nothing more.

    Raises LastOwnerError. Their teams are locked meanwhile, so that two owners do not leave at once.
    """
    list(Team.objects.select_for_update(no_key=True).filter(memberships__user=user).order_by("pk"))
    require_no_team_without_owner(user)
    for key in ApiKey.objects.live().filter(user=user, is_service=False):
        revoke_key(key=key, actor=user)
    Invitation.objects.filter(created_by=user, revoked_at__isnull=True).update(revoked_at=Now())
    for team in teams_of_nobody_else(user).filter(ends_at__isnull=True):
        begin_to_end(team=team, actor=user)
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
