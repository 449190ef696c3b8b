"""Delete a team. An owner schedules the deletion and can cancel it until it is due.

Until `ends_at` everything can be read and nothing new is submitted. `jobs` deletes the rows and files when it is due.
"""

from django.conf import settings
from django.db import transaction

from generations.common.clock import database_time
from generations.common.errors import DailiesError, ForbiddenError
from generations.events.kinds import EventKind
from generations.events.notifications import notify
from generations.events.record import record_audit

from .access import require
from .models import Membership, Team, User
from .roles import Right


class WrongNameError(DailiesError):
    """The typed text is not the team's name."""

    status = 422
    code = "invalid"

    def __init__(self, team: Team) -> None:
        super().__init__(f'Type "{team.name}" exactly.')


class TeamDeletionScheduledError(ForbiddenError):
    """The team is scheduled for deletion, so nothing new can be submitted."""

    def __init__(self, team: Team) -> None:
        super().__init__(f"{team} is scheduled for deletion on {_date(team)}. New generations are disabled.")


def require_not_ending(team: Team) -> None:
    """Raises TeamDeletionScheduledError."""
    if team.ends_at is not None:
        raise TeamDeletionScheduledError(team)


@transaction.atomic
def schedule_team_deletion(*, actor: Membership, typed_name: str) -> None:
    """Schedule the team's deletion and notify its members. Raises ForbiddenError, WrongNameError."""
    require(actor, Right.OWN_TEAM)
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    if typed_name.strip() != team.name.strip():
        raise WrongNameError(team)
    if team.ends_at is None:
        start_deletion(team=actor.team, actor=actor.user)
        _notify(actor, f"{team.name} will be deleted on {_date(actor.team)}. Download what you need.")


@transaction.atomic
def cancel_team_deletion(*, actor: Membership) -> None:
    """Raises ForbiddenError."""
    require(actor, Right.OWN_TEAM)
    if Team.objects.filter(pk=actor.team_id, ends_at__isnull=False).update(ends_at=None):
        _record(EventKind.TEAM_KEPT, actor.team, actor.user, before=_minute(actor.team))
        actor.team.ends_at = None
        _notify(actor, f"Deletion of {actor.team.name} was canceled.")


def start_deletion(*, team: Team, actor: User) -> None:
    """Set the date. The caller has checked that the actor may do this and that no date is set."""
    Team.objects.filter(pk=team.pk).update(ends_at=database_time(settings.TEAM_GRACE))
    team.refresh_from_db(fields=["ends_at"])
    _record(EventKind.TEAM_ENDING, team, actor, after=_minute(team))


def _date(team: Team) -> str:
    return f"{team.ends_at:%-d %B %Y}"


def _minute(team: Team) -> str:
    return f"{team.ends_at:%Y-%m-%d %H:%M} UTC"


def _record(kind: EventKind, team: Team, actor: User, *, before: str | None = None, after: str | None = None) -> None:
    record_audit(kind, team_id=team.pk, actor_id=actor.pk, before={"ends": before}, after={"ends": after})


def _notify(actor: Membership, text: str) -> None:
    others = actor.team.memberships.active().exclude(pk=actor.pk).values_list("user", flat=True)
    notify(user_ids=others, kind="team.ending", text=text, path=f"/t/{actor.team.slug}/", team_id=actor.team_id)
