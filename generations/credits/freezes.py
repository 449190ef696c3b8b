"""Stop new jobs for a while: of one team, or of all. Jobs under way go on, and nothing is charged for the stop."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from generations.accounts.models import Team, User
from generations.common.errors import DailiesError
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import Freeze


class BadFreezeError(DailiesError):
    """There is no reason given, or it is frozen already."""

    status = 422
    code = "invalid"


def freezes_of(team: Team) -> QuerySet[Freeze]:
    """What stops the team at present: its own freeze, and the one of all teams."""
    return Freeze.objects.filter(Q(team=team) | Q(team=None), ended_at=None).order_by("began_at")


def freeze(*, team: Team | None, reason: str, actor: User) -> Freeze:
    """Without a team, all of them. Raises BadFreezeError."""
    if not reason.strip():
        raise BadFreezeError("Say why: members read it on their pages.")
    try:
        with transaction.atomic():
            made = Freeze.objects.create(team=team, reason=reason.strip()[:200], actor=actor)
            _record(EventKind.CREDITS_FROZEN, made, actor)
            return made
    except IntegrityError as error:
        raise BadFreezeError("New jobs are stopped already.") from error


@transaction.atomic
def unfreeze(*, freeze_id: int, actor: User) -> bool:
    """False when it had ended before."""
    found = Freeze.objects.select_for_update(of=("self",)).select_related("team").filter(pk=freeze_id, ended_at=None)
    if (ended := found.first()) is None:
        return False
    Freeze.objects.filter(pk=ended.pk).update(ended_at=Now())
    _record(EventKind.CREDITS_UNFROZEN, ended, actor)
    return True


def _record(kind: EventKind, freeze: Freeze, actor: User) -> None:
    record_audit(kind, team_id=freeze.team_id, actor_id=actor.pk, reason=freeze.reason)
