"""Make teams and put people into them."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from generations.events.record import record_event

from .models import Membership, Team, User
from .roles import Role


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    """Make a team with its owner. The slug comes from the name, with a suffix when it is taken."""
    team = _create_with_free_slug(name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    record_event("team.created", team_id=team.id, actor_id=owner.id, name=name)
    return team


def create_personal_team(user: User) -> Team:
    return create_team(name=f"{user.display_name}'s studio", owner=user)


@transaction.atomic
def add_member(*, team: Team, user: User, role: Role, actor: User | None = None) -> Membership:
    membership = Membership.objects.create(team=team, user=user, role=role)
    record_event("member.added", team_id=team.id, actor_id=actor.id if actor else None, user=user.id, role=role)
    return membership


def _create_with_free_slug(name: str) -> Team:
    base = slugify(name)[:50] or "team"
    for slug in (base, *(f"{base}-{secrets.token_hex(2)}" for _ in range(5))):
        try:
            with transaction.atomic():
                return Team.objects.create(name=name, slug=slug)
        except IntegrityError:
            continue
    raise RuntimeError(f"no free slug for {base}")
