"""Which days, and what the lines of a report stand for."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from generations.accounts.models import Team
from generations.credits.models import EntryKind
from generations.jobs.models import Project
from generations.review.reports import By

from .statements import EntryFilter

LONGEST = timedelta(days=366)
_USUAL = timedelta(days=29)
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class StatementForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=[("", "Everything"), *EntryKind.choices], required=False)
    first = forms.DateField(label="From", widget=_DAY, required=False)
    last = forms.DateField(label="To", widget=_DAY, required=False)

    @property
    def wanted(self) -> EntryFilter:
        """What can be read of the form; the rest is told beside its field."""
        self.is_valid()
        given = self.cleaned_data
        return EntryFilter(given.get("kind", ""), _near(given.get("first")), _near(given.get("last")))


def _near(day: date | None) -> date | None:
    """Days that no calendar arithmetic can leave."""
    return min(max(day, date(2000, 1, 1)), date(9000, 1, 1)) if day else None


class ReportForm(forms.Form):
    """Every field has a default, so that a bare address shows the last thirty days by member."""

    by = forms.ChoiceField(choices=[(by, by.title()) for by in By], required=False)
    first = forms.DateField(label="From", widget=_DAY, required=False)
    last = forms.DateField(label="To", widget=_DAY, required=False)
    project = forms.ModelChoiceField(Project.objects.none(), required=False, empty_label="All projects")

    def __init__(self, values: Any, *, team: Team) -> None:
        today = timezone.now().astimezone(ZoneInfo(team.time_zone)).date()
        defaults = {"by": By.MEMBER.value, "first": str(today - _USUAL), "last": str(today), "project": ""}
        super().__init__({name: values.get(name) or default for name, default in defaults.items()})
        self.fields["project"].queryset = Project.objects.filter(team=team).order_by("name")  # type: ignore[attr-defined]
        self._today = today

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and first > last:
            self.add_error("last", "This is before the first day.")
        elif first and last and last - first >= LONGEST:
            self.add_error("first", f"At most {LONGEST.days} days at once.")
        elif (first or last or self._today).year < 2000 or (last or self._today).year > 9000:
            self.add_error("first", "There are no jobs of that time.")
        return given

    @property
    def wanted(self) -> dict[str, Any]:
        """The arguments of the report: as asked, or by default where that cannot be read."""
        if self.is_valid():
            given = self.cleaned_data
            return {**given, "by": By(given["by"])}
        by = self.cleaned_data.get("by") or By.MEMBER
        return {"by": By(by), "first": self._today - _USUAL, "last": self._today, "project": None}
