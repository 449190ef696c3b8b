"""Forms of the credit desk: ask, answer, raise."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from generations.accounts.models import Membership
from generations.common.clock import database_now
from generations.credits.models import RequestTarget
from generations.credits.quotas import effective_quota

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
            field.widget.attrs["form"] = "ask-form"


class ApproveForm(forms.Form):
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=LARGEST)
    until = forms.ChoiceField(label="For how long", choices=list(UNTILS.items()), initial=PERIOD)
    note = forms.CharField(label="Note", max_length=500, required=False)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label="Note", max_length=500, error_messages={"required": "Say why: whoever asked reads it."}
    )


class RaiseForm(forms.Form):
    amount = forms.IntegerField(label="Credits more", min_value=1, max_value=LARGEST)
    until = forms.ChoiceField(label="For how long", choices=list(UNTILS.items()), initial=PERIOD)
    reason = forms.CharField(
        max_length=200, error_messages={"required": "Say why: the reason stands beside the quota."}
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
