"""Who is told when the credits of a team run low."""

from collections.abc import Collection

from django.db import transaction

from generations.accounts.models import Membership, Team, User
from generations.events.kinds import EventKind
from generations.events.record import record_audit

from .models import SpendWatcher


@transaction.atomic
def set_watchers(*, team: Team, member_ids: Collection[int], actor: User) -> None:
    """Name members who are told; without any, whoever manages the team's credits is."""
    watchers = SpendWatcher.objects.filter(membership__team=team)
    before = _emails(team)
    watchers.exclude(membership__in=member_ids).delete()
    named = Membership.objects.active().filter(team=team, pk__in=member_ids)
    SpendWatcher.objects.bulk_create([SpendWatcher(membership=member) for member in named], ignore_conflicts=True)
    record_audit(
        EventKind.CREDITS_WATCHERS_SET,
        team_id=team.pk,
        actor_id=actor.pk,
        before={"watchers": before},
        after={"watchers": _emails(team)},
    )


def _emails(team: Team) -> list[str]:
    named = SpendWatcher.objects.filter(membership__team=team).order_by("membership__user__email")
    return list(named.values_list("membership__user__email", flat=True))
