"""The end of a team, announced by its owner and taken back within a grace.

Until `ends_at` everything can be read and nothing new is submitted. What comes then is in `jobs.purge`.
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


class NameDiffersError(DailiesError):
    """What was typed is not the team's name."""

    status = 422
    code = "invalid"

    def __init__(self, team: Team) -> None:
        super().__init__(f"Type the name exactly as it is: {team.name}")


class EndingTeamError(ForbiddenError):
    """The team's end is announced: nothing new comes in."""

    def __init__(self, team: Team) -> None:
        super().__init__(
            f"{team} ends on {team.ends_at:%-d %B %Y}. Nothing new can be submitted until an owner keeps it."
        )


def require_lasting(team: Team) -> None:
    """Raises EndingTeamError."""
    if team.ends_at is not None:
        raise EndingTeamError(team)


@transaction.atomic
def end_team(*, actor: Membership, typed_name: str) -> None:
    """Let the team end after the grace. Its people are told. Raises ForbiddenError, NameDiffersError."""
    require(actor, Right.OWN_TEAM)
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    if typed_name.strip() != team.name.strip():
        raise NameDiffersError(team)
    if team.ends_at is None:
        begin_to_end(team=actor.team, actor=actor.user)
        _tell(actor, f"{team.name} ends on {actor.team.ends_at:%-d %B %Y}. Until then everything can be looked at.")


@transaction.atomic
def keep_team(*, actor: Membership) -> None:
    """Take the end back. Raises ForbiddenError."""
    require(actor, Right.OWN_TEAM)
    if Team.objects.filter(pk=actor.team_id, ends_at__isnull=False).update(ends_at=None):
        _record(EventKind.TEAM_KEPT, actor.team, actor.user, before=_told(actor.team))
        actor.team.ends_at = None
        _tell(actor, f"{actor.team.name} stays after all.")


def begin_to_end(*, team: Team, actor: User) -> None:
    """Start the grace. The caller knows that the actor may do so, and that the team does not end already."""
    Team.objects.filter(pk=team.pk).update(ends_at=database_time(settings.TEAM_GRACE))
    team.refresh_from_db(fields=["ends_at"])
    _record(EventKind.TEAM_ENDING, team, actor, after=_told(team))


def _told(team: Team) -> str:
    return f"{team.ends_at:%Y-%m-%d %H:%M} UTC"


def _record(kind: EventKind, team: Team, actor: User, *, before: str | None = None, after: str | None = None) -> None:
    record_audit(kind, team_id=team.pk, actor_id=actor.pk, before={"ends": before}, after={"ends": after})


def _tell(actor: Membership, text: str) -> None:
    others = actor.team.memberships.active().exclude(pk=actor.pk).values_list("user", flat=True)
    notify(user_ids=others, kind="team.ending", text=text, path=f"/t/{actor.team.slug}/", team_id=actor.team_id)
