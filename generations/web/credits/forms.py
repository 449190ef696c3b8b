"""Forms of the credit desk: ask, answer, raise."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from generations.accounts.models import Membership, Team
from generations.common.clock import database_now
from generations.credits.models import EntryKind, RequestTarget
from generations.credits.quotas import effective_quota
from generations.library.models import Project
from generations.review.reports import By

from .page import EntryFilter

LARGEST = 1_000_000_000
# How long what is granted to a quota holds.
PERIOD, WEEK, FOR_GOOD = "period", "week", "stays"
UNTILS = {PERIOD: "To the end of the period", WEEK: "For a week", FOR_GOOD: "Until it is taken back"}


class AskForm(forms.Form):
    target = forms.ChoiceField(choices=RequestTarget.choices, widget=forms.HiddenInput)
    amount = forms.IntegerField(
        label="Credits",
        min_value=1,
        max_value=LARGEST,
        error_messages={"required": "Say how many credits you need.", "min_value": "Ask for at least 1 credit."},
    )
    reason = forms.CharField(
        label="What for",
        max_length=500,
        error_messages={"required": "Say what you need the credits for."},
        widget=forms.TextInput(attrs={"placeholder": "Two more takes of the harbour"}),
    )

    def __init__(self, values: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Its fields belong to a form of this id, which may stand elsewhere: a form cannot stand within another."""
        super().__init__(values, initial=initial, auto_id="ask_%s")
        for field in self.fields.values():
            field.widget.attrs["form"] = "request-form"


class ApproveForm(forms.Form):
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=LARGEST)
    until = forms.ChoiceField(label="For how long", choices=list(UNTILS.items()), initial=PERIOD)
    note = forms.CharField(label="Note", max_length=500, required=False)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label="Note", max_length=500, error_messages={"required": "Say why: whoever asked reads it."}
    )


def end_of(until: str, membership: Membership) -> datetime | None:
    """The moment that a choice of `UNTILS` means for a member; a quota whose period never ends has none."""
    if until == WEEK:
        return database_now() + timedelta(days=7)
    cap = effective_quota(membership).member.cap.value
    return cap.span.end if until == PERIOD and cap else None


def first_fault(form: forms.Form) -> str:
    """What is wrong with a form that has no page of its own, as one sentence."""
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label or name.capitalize() if name in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])


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
