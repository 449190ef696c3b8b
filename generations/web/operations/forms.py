"""Forms of the site staff's credit desk."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.contract.support import SUPPORT
from generations.credits.models import EntryKind, RefillMode, RefillRule

from .. import formatting
from ..credits.forms import LARGEST

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_WHY = {"required": "Say why: the reason stands in the statement."}


class GrantForm(forms.Form):
    """`newest` is the last entry that the page knew of, so that a form sent twice counts once."""

    kind = forms.ChoiceField(choices=[(k.value, k.label) for k in (EntryKind.GRANT, EntryKind.CORRECTION)])
    amount = forms.IntegerField(
        label="Credits", min_value=-LARGEST, max_value=LARGEST, help_text="Only a correction may be negative."
    )
    last_day = forms.DateField(label="Spend until", required=False, widget=_DAY, help_text="Empty: for ever.")
    reason = forms.CharField(max_length=200, error_messages=_WHY)
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("last_day") and given.get("kind") == EntryKind.CORRECTION:
            self.add_error("last_day", "Only granted credits can end.")
        return given

    @property
    def expires_at(self) -> datetime | None:
        """Midnight UTC after the last day."""
        last = self.cleaned_data["last_day"]
        return datetime.combine(last + timedelta(days=1), time.min, UTC) if last else None


class TransferForm(forms.Form):
    to = forms.SlugField(label="To the team", help_text="The end of its address: /t/this-part/.")
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=LARGEST)
    reason = forms.CharField(max_length=200, error_messages=_WHY)


class FreezeForm(forms.Form):
    reason = forms.CharField(max_length=200, error_messages={"required": "Say why: members read it on their pages."})


class RefillForm(forms.Form):
    is_on = forms.BooleanField(label="On the first of each month", required=False, initial=True)
    mode = forms.ChoiceField(label="How", choices=RefillMode.choices, initial=RefillMode.TOP_UP)
    amount = forms.IntegerField(label="Credits", min_value=1, max_value=LARGEST)
    does_expire = forms.BooleanField(label="What is left of it goes at the next refill", required=False)

    def __init__(self, values: Any = None, *, rule: RefillRule | None) -> None:
        names = ("is_on", "mode", "amount", "does_expire")
        super().__init__(values, auto_id="refill_%s", initial={n: getattr(rule, n) for n in names} if rule else None)


class PriceForm(forms.Form):
    model = forms.ChoiceField(choices=[(name, formatting.model_name(name)) for name in SUPPORT.models])
    tier = forms.ChoiceField(label="Size", choices=[(name, formatting.humanize(name)) for name in SUPPORT.tiers])
    credits_per_second = forms.IntegerField(label="Credits a second", min_value=1, max_value=1_000_000)
    valid_from = forms.DateField(label="From", widget=_DAY)

    def __init__(self, values: Any = None) -> None:
        super().__init__(values, initial={"valid_from": timezone.now().date() + timedelta(days=1)})
