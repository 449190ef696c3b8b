"""Pause new jobs of one team, or of all teams. Jobs in progress continue, and a pause costs nothing."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from generations.accounts.models import Team, User
from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import Freeze


class BadFreezeError(DailiesError):
    """The reason is missing, or the team or the site is already frozen."""

    status = 422
    code = "invalid"


def freezes_of(team: Team) -> QuerySet[Freeze]:
    """Return the active freezes that apply to the team: its own, and the one of all teams."""
    return Freeze.objects.filter(Q(team=team) | Q(team=None), ended_at=None).order_by("began_at")


def freeze(*, team: Team | None, reason: str, actor: User) -> Freeze:
    """Pause new jobs of the team; without a team, of all teams. Raises BadFreezeError."""
    if not reason.strip():
        raise BadFreezeError("Enter a reason. Members will see it.")
    try:
        with transaction.atomic():
            created = Freeze.objects.create(team=team, reason=reason.strip()[:200], actor=actor)
            _record(EventKind.CREDITS_FROZEN, created, actor)
            return created
    except IntegrityError as error:
        raise BadFreezeError("Already paused.") from error


@transaction.atomic
def unfreeze(*, freeze_id: int, actor: User) -> bool:
    """End a freeze. Return False if it had already ended."""
    found = Freeze.objects.select_for_update(of=("self",)).select_related("team").filter(pk=freeze_id, ended_at=None)
    if (ended := found.first()) is None:
        return False
    Freeze.objects.filter(pk=ended.pk).update(ended_at=Now())
    _record(EventKind.CREDITS_UNFROZEN, ended, actor)
    return True


def _record(kind: EventKind, freeze: Freeze, actor: User) -> None:
    record_audit(kind, team_id=freeze.team_id, actor_id=actor.pk, reason=freeze.reason)
