"""The audit log: search administrative acts, and record what staff write in Django's admin."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.forms import ModelForm
from django.http import HttpRequest

from .kinds import AdminKind
from .models import Event
from .record import record_audit

_SECRET_WORDS = ("password", "secret", "digest", "token")
_MAX_LENGTH = 200


@dataclass(frozen=True)
class AuditSearch:
    """Search terms; empty ones match everything. Days are whole days of `zone`, the last one included."""

    zone: tzinfo
    person: str = ""
    kind: str = ""
    words: str = ""
    first_day: date | None = None
    last_day: date | None = None


def audit_events(*, team_id: int | None, search: AuditSearch) -> QuerySet[Event]:
    """Return the acts of one team, or of the whole site for None, newest first."""
    acts = _audit_events(team_id).select_related("team", "actor").order_by("-id")
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


def audit_kinds(team_id: int | None) -> list[str]:
    """Return the kinds that occur in the log, for the search form."""
    return list(_audit_events(team_id).order_by("kind").values_list("kind", flat=True).distinct())


class AuditedAdmin:
    """A mixin placed before a ModelAdmin. It hooks into Django's own log, which follows every kind of write."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        request.changes = _changes(form)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)  # type: ignore[misc]

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, obj, "added")
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, obj, "changed")
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: "QuerySet[Any] | Iterable[Model]") -> Any:
        for obj in queryset:
            _record(request, obj, "deleted")
        return super().log_deletions(request, queryset)  # type: ignore[misc]


def audited(admin: type) -> type:
    """Return the admin class with AuditedAdmin mixed in."""
    return admin if issubclass(admin, AuditedAdmin) else type(f"Audited{admin.__name__}", (AuditedAdmin, admin), {})


def _audit_events(team_id: int | None) -> QuerySet[Event]:
    acts = Event.objects.filter(is_audit=True)
    return acts if team_id is None else acts.filter(team=team_id)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _record(request: HttpRequest, obj: Model, verb: str) -> None:
    before, after = getattr(request, "changes", ({}, {}))
    team_id = obj.pk if obj._meta.label == "generations.Team" else getattr(obj, "team_id", None)
    record_audit(
        AdminKind(f"admin.{obj._meta.model_name}_{verb}"),
        team_id=None if verb == "deleted" and team_id == obj.pk else team_id,
        actor_id=request.user.pk,
        name=str(obj)[:_MAX_LENGTH],
        before=before,
        after=after,
    )


def _changes(form: "ModelForm[Any]") -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the changed fields before and after; of a secret field only that it changed."""
    names = form.changed_data
    before = {name: _as_text(name, form.initial.get(name)) for name in names if name in form.initial}
    return before, {name: _as_text(name, form.cleaned_data.get(name)) for name in names}


def _as_text(name: str, value: Any) -> str | None:
    if any(word in name for word in _SECRET_WORDS):
        return "changed"
    if value is None or isinstance(value, str):
        return value and value[:_MAX_LENGTH]
    is_many = isinstance(value, (list, tuple, set, QuerySet))
    return (", ".join(map(str, value)) if is_many else str(value))[:_MAX_LENGTH]
