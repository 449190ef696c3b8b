"""The audit trail, read: administrative acts, newest first, searched by person, kind, words and days."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from .models import Event


@dataclass(frozen=True)
class Search:
    """What to look for; empty parts find everything. Days are whole days of `zone`, the last one included."""

    zone: tzinfo
    person: str = ""
    kind: str = ""
    words: str = ""
    first_day: date | None = None
    last_day: date | None = None


def audit_trail(*, team_id: int | None, search: Search) -> QuerySet[Event]:
    """Acts of one team, or of the whole site for None."""
    acts = Event.objects.filter(is_audit=True).select_related("team", "actor").order_by("-id")
    if team_id is not None:
        acts = acts.filter(team=team_id)
    if search.kind:
        acts = acts.filter(kind=search.kind)
    for word in search.person.split():
        acts = acts.filter(Q(actor__name__icontains=word) | Q(actor__email__icontains=word))
    if search.words:
        acts = acts.annotate(text=Cast("data", TextField())).filter(
            Q(text__icontains=search.words) | Q(kind__icontains=search.words)
        )
    if search.first_day:
        acts = acts.filter(created_at__gte=_midnight(search.first_day, search.zone))
    if search.last_day and search.last_day < date.max:
        acts = acts.filter(created_at__lt=_midnight(search.last_day + timedelta(days=1), search.zone))
    return acts


def kinds_of(team_id: int | None) -> list[str]:
    """The kinds of acts that there are, for the form."""
    acts = Event.objects.filter(is_audit=True)
    if team_id is not None:
        acts = acts.filter(team=team_id)
    return list(acts.order_by("kind").values_list("kind", flat=True).distinct())


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)
