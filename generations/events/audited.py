"""What staff write on the pages of Django's admin stands in the audit trail as well."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from .record import record_audit

_UNTOLD = ("password", "secret", "digest", "token")
_LONGEST = 200


class AuditedAdmin:
    """Comes before a ModelAdmin. It joins where Django writes its own log, which is after every kind of write."""

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


def audited(page: type) -> type:
    """The same admin page, with its writes in the trail."""
    return page if issubclass(page, AuditedAdmin) else type(f"Audited{page.__name__}", (AuditedAdmin, page), {})


def _record(request: HttpRequest, obj: Model, verb: str) -> None:
    before, after = getattr(request, "changes", ({}, {}))
    team_id = obj.pk if obj._meta.label == "generations.Team" else getattr(obj, "team_id", None)
    record_audit(
        f"admin.{obj._meta.model_name}_{verb}",
        team_id=None if verb == "deleted" and team_id == obj.pk else team_id,
        actor_id=request.user.pk,
        name=str(obj)[:_LONGEST],
        before=before,
        after=after,
    )


def _changes(form: "ModelForm[Any]") -> tuple[dict[str, str | None], dict[str, str | None]]:
    """What the changed fields held and hold; of what is secret only that it changed."""
    names = form.changed_data
    before = {name: _told(name, form.initial.get(name)) for name in names if name in form.initial}
    return before, {name: _told(name, form.cleaned_data.get(name)) for name in names}


def _told(name: str, value: Any) -> str | None:
    if any(word in name for word in _UNTOLD):
        return "changed"
    if value is None or isinstance(value, str):
        return value and value[:_LONGEST]
    is_many = isinstance(value, (list, tuple, set, QuerySet))
    return (", ".join(map(str, value)) if is_many else str(value))[:_LONGEST]
