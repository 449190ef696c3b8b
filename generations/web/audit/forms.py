"""The audit trail: of a team for its managers, of the whole site for its staff."""

from datetime import date, tzinfo
from typing import Any

from django import forms

from generations.events.audit_log import AuditSearch

from .page import title_of

_DAY = forms.DateInput(attrs={"type": "date"})


class AuditForm(forms.Form):
    who = forms.CharField(required=False, max_length=100, label="Who")
    kind = forms.ChoiceField(required=False, label="What")
    words = forms.CharField(required=False, max_length=100, label="Words")
    first = forms.DateField(required=False, label="From", widget=_DAY)
    last = forms.DateField(required=False, label="To", widget=_DAY)

    def __init__(self, data: Any, *, kinds: list[str]) -> None:
        super().__init__(data)
        choices = [("", "Everything"), *((kind, title_of(kind)) for kind in kinds)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]

    def search(self, zone: tzinfo) -> AuditSearch:
        """What can be read of the form; the rest is told beside its field."""
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
    """Years that a calendar of people knows; others overflow when they are moved between time zones."""
    return value if value and 1970 <= value.year < 9999 else None
