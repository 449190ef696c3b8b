"""Create teams, add members, and change a team's name and time zone."""

import secrets
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .access import require
from .models import Membership, Team, User
from .roles import Right, Role


class UnknownTimeZoneError(DailiesError):
    """The name is not in the time zone database."""

    status = 422
    code = "invalid"


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    """Create a team with its owner. The slug comes from the name, with a suffix if another team has it."""
    team = _create_with_free_slug(name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    record_audit(EventKind.TEAM_CREATED, team_id=team.id, actor_id=owner.id, name=name)
    return team


def create_personal_team(user: User) -> Team:
    return create_team(name=f"{user.display_name}'s studio", owner=user)


@transaction.atomic
def add_member(*, team: Team, user: User, role: Role, actor: User | None = None) -> Membership:
    membership = Membership.objects.create(team=team, user=user, role=role)
    actor_id = actor.id if actor else None
    record_audit(EventKind.MEMBER_ADDED, team_id=team.id, actor_id=actor_id, user=user.id, email=user.email, role=role)
    return membership


@transaction.atomic
def rename_team(*, actor: Membership, name: str) -> None:
    """Rename the team. Its slug stays, so that links keep working."""
    require(actor, Right.OWN_TEAM)
    _change(actor, EventKind.TEAM_RENAMED, "name", name)


@transaction.atomic
def set_time_zone(*, actor: Membership, time_zone: str) -> None:
    """Set where the team's days begin. Raises UnknownTimeZoneError."""
    require(actor, Right.MANAGE_TEAM)
    if time_zone not in available_timezones():
        raise UnknownTimeZoneError(f"Unknown time zone {time_zone}. Choose one from the list.")
    _change(actor, EventKind.TEAM_TIME_ZONE_CHANGED, "time_zone", time_zone)


def teams_of(user: User) -> QuerySet[Team]:
    """Return the teams with an active membership of the user, by name."""
    mine = Membership.objects.filter(user=user, deactivated_at__isnull=True)
    return Team.objects.filter(pk__in=mine.values("team")).order_by("name", "pk")


def _change(actor: Membership, kind: EventKind, field: str, value: str) -> None:
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    before = getattr(team, field)
    if before == value:
        return
    setattr(team, field, value)
    team.save(update_fields=[field])
    setattr(actor.team, field, value)
    record_audit(kind, team_id=team.id, actor_id=actor.user_id, before={field: before}, after={field: value})


def _create_with_free_slug(name: str) -> Team:
    base = slugify(name)[:50] or "team"
    for slug in (base, *(f"{base}-{secrets.token_hex(2)}" for _ in range(5))):
        try:
            with transaction.atomic():
                return Team.objects.create(name=name, slug=slug)
        except IntegrityError:
            continue
    raise RuntimeError(f"no free slug for {base}")
