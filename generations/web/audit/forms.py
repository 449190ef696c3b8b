"""The search form of the audit log."""

from datetime import date, tzinfo
from typing import Any

from django import forms

from generations.events.audit_log import AuditSearch

from .page import title_of

_DAY = forms.DateInput(attrs={"type": "date"})


class AuditForm(forms.Form):
    who = forms.CharField(required=False, max_length=100, label="Member")
    kind = forms.ChoiceField(required=False, label="Event")
    words = forms.CharField(required=False, max_length=100, label="Search")
    first = forms.DateField(required=False, label="Start date", widget=_DAY)
    last = forms.DateField(required=False, label="End date", widget=_DAY)

    def __init__(self, data: Any, *, kinds: list[str]) -> None:
        super().__init__(data)
        choices = [("", "All events"), *((kind, title_of(kind)) for kind in kinds)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]

    def search(self, zone: tzinfo) -> AuditSearch:
        """Return the valid fields as a search. The others show their errors."""
        self.is_valid()
        values = self.cleaned_data
        return AuditSearch(
            zone=zone,
            person=values.get("who", ""),
            kind=values.get("kind", ""),
            words=values.get("words", ""),
            first_day=_day(values.get("first")),
            last_day=_day(values.get("last")),
        )


def _day(value: date | None) -> date | None:
    """Drop dates that overflow when they are converted between time zones."""
    return value if value and 1970 <= value.year < 9999 else None
