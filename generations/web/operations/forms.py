"""Forms for site staff: changes of a team's balance, refills, freezes and prices."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.contract.support import SUPPORT
from generations.credits.models import EntryKind, RefillMode, RefillRule

from .. import formatting
from ..credits.forms import MAX_CREDITS

_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_REASON_ERRORS = {"required": "Enter a reason. It is shown in the transaction list."}


class GrantForm(forms.Form):
    """`newest` is the id of the last entry on the page. A form sent twice is rejected because it is outdated."""

    kind = forms.ChoiceField(
        label="Type", choices=[(k.value, k.label) for k in (EntryKind.GRANT, EntryKind.CORRECTION)]
    )
    amount = forms.IntegerField(
        label="Credits", min_value=-MAX_CREDITS, max_value=MAX_CREDITS, help_text="Only a correction may be negative."
    )
    last_day = forms.DateField(label="Expires on", required=False, widget=_DATE, help_text="Leave empty for no expiry.")
    reason = forms.CharField(max_length=200, error_messages=_REASON_ERRORS)
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("last_day") and values.get("kind") == EntryKind.CORRECTION:
            self.add_error("last_day", "Only grants can have an expiry.")
        return values

    @property
    def expires_at(self) -> datetime | None:
        """Return midnight UTC after the last day."""
        last = self.cleaned_data["last_day"]
        return datetime.combine(last + timedelta(days=1), time.min, UTC) if last else None


class TransferForm(forms.Form):
    to = forms.SlugField(label="To team", help_text="Team slug (the part after /t/).")
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=MAX_CREDITS)
    reason = forms.CharField(max_length=200, error_messages=_REASON_ERRORS)


class FreezeForm(forms.Form):
    reason = forms.CharField(max_length=200, error_messages={"required": "Enter a reason. Members will see it."})


class RefillForm(forms.Form):
    is_on = forms.BooleanField(label="On the first of each month", required=False, initial=True)
    mode = forms.ChoiceField(label="Refill type", choices=RefillMode.choices, initial=RefillMode.TOP_UP)
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=MAX_CREDITS)
    does_expire = forms.BooleanField(label="Unused credits expire at the next refill", required=False)

    def __init__(self, values: Any = None, *, rule: RefillRule | None) -> None:
        names = ("is_on", "mode", "amount", "does_expire")
        super().__init__(values, auto_id="refill_%s", initial={n: getattr(rule, n) for n in names} if rule else None)


class PriceForm(forms.Form):
    model = forms.ChoiceField(choices=[(name, formatting.model_name(name)) for name in SUPPORT.models])
    tier = forms.ChoiceField(label="Resolution", choices=[(name, formatting.humanize(name)) for name in SUPPORT.tiers])
    credits_per_second = forms.IntegerField(label="Credits per second", min_value=1, max_value=1_000_000)
    valid_from = forms.DateField(label="Start date", widget=_DATE)

    def __init__(self, values: Any = None) -> None:
        super().__init__(values, initial={"valid_from": timezone.now().date() + timedelta(days=1)})
