"""Forms of the credits pages: requests for credits, and the filters of the transactions and the report."""

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

MAX_CREDITS = 1_000_000_000
# How long an increase of a credit limit is valid.
PERIOD, WEEK, PERMANENT = "period", "week", "stays"
DURATIONS = {PERIOD: "Until the limit resets", WEEK: "One week", PERMANENT: "Until removed"}
MAX_REPORT = timedelta(days=366)
_DEFAULT_REPORT = timedelta(days=29)
_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CreditRequestForm(forms.Form):
    target = forms.ChoiceField(choices=RequestTarget.choices, widget=forms.HiddenInput)
    amount = forms.IntegerField(
        label="Credits",
        min_value=1,
        max_value=MAX_CREDITS,
        error_messages={"required": "Enter an amount.", "min_value": "Request at least 1 credit."},
    )
    reason = forms.CharField(
        max_length=500,
        error_messages={"required": "Enter a reason."},
        widget=forms.TextInput(attrs={"placeholder": "e.g. Two more versions for the client"}),
    )

    def __init__(self, values: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Tie the fields to the form element of this id, because the panel may be inside another form element."""
        super().__init__(values, initial=initial, auto_id="request_%s")
        for field in self.fields.values():
            field.widget.attrs["form"] = "request-form"


class ApproveForm(forms.Form):
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=MAX_CREDITS)
    until = forms.ChoiceField(label="Valid for", choices=list(DURATIONS.items()), initial=PERIOD)
    note = forms.CharField(label="Note", max_length=500, required=False)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label="Note", max_length=500, error_messages={"required": "Enter a reason. The requester will see it."}
    )


class TransactionsForm(forms.Form):
    kind = forms.ChoiceField(label="Type", choices=[("", "All"), *EntryKind.choices], required=False)
    first = forms.DateField(label="Start date", widget=_DATE, required=False)
    last = forms.DateField(label="End date", widget=_DATE, required=False)

    @property
    def entry_filter(self) -> EntryFilter:
        """Return the valid fields as a filter. The others show their errors."""
        self.is_valid()
        values = self.cleaned_data
        return EntryFilter(values.get("kind", ""), _clamped(values.get("first")), _clamped(values.get("last")))


class ReportForm(forms.Form):
    """Every field has a default: a URL without parameters shows the last thirty days by member."""

    by = forms.ChoiceField(choices=[(by, by.title()) for by in By], required=False)
    first = forms.DateField(label="Start date", widget=_DATE, required=False)
    last = forms.DateField(label="End date", widget=_DATE, required=False)
    project = forms.ModelChoiceField(Project.objects.none(), required=False, empty_label="All projects")

    def __init__(self, values: Any, *, team: Team) -> None:
        today = timezone.now().astimezone(ZoneInfo(team.time_zone)).date()
        first = today - _DEFAULT_REPORT
        defaults = {"by": By.MEMBER.value, "first": str(first), "last": str(today), "project": ""}
        super().__init__({name: values.get(name) or default for name, default in defaults.items()})
        self.fields["project"].queryset = Project.objects.filter(team=team).order_by("name")  # type: ignore[attr-defined]
        self._today = today

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if first and last and first > last:
            self.add_error("last", "End date must be after start date.")
        elif first and last and last - first >= MAX_REPORT:
            self.add_error("first", f"Choose a range of up to {MAX_REPORT.days} days.")
        elif (first or last or self._today).year < 2000 or (last or self._today).year > 9000:
            self.add_error("first", "No data for this date.")
        return values

    @property
    def report_arguments(self) -> dict[str, Any]:
        """Return the arguments of the report: those of the form, or the defaults if the form is invalid."""
        if self.is_valid():
            return {**self.cleaned_data, "by": By(self.cleaned_data["by"])}
        by = self.cleaned_data.get("by") or By.MEMBER
        return {"by": By(by), "first": self._today - _DEFAULT_REPORT, "last": self._today, "project": None}


def expiry_of(duration: str, membership: Membership) -> datetime | None:
    """Return when an increase of this duration expires. None: it stays until it is removed."""
    if duration == WEEK:
        return database_now() + timedelta(days=7)
    cap = effective_quota(membership).member.cap.value
    return cap.span.end if duration == PERIOD and cap else None


def first_error(form: forms.Form) -> str:
    """Return the first error as one sentence, for a form that has no page of its own."""
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label or name.capitalize() if name in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])


def _clamped(day: date | None) -> date | None:
    """Limit a date so that date arithmetic does not overflow."""
    return min(max(day, date(2000, 1, 1)), date(9000, 1, 1)) if day else None
