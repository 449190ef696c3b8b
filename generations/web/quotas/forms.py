"""Forms of credit limits: the limits of a team, role, member or key, and a temporary increase for a member."""

from typing import Any

from django import forms

from generations.contract.support import SUPPORT
from generations.credits.models import Period, Quota
from generations.credits.prices import offered_models
from generations.credits.quota_settings import QuotaRule

from .. import formatting
from ..credits.forms import DURATIONS, MAX_CREDITS, PERIOD

PERIODS = [(Period.DAY, "Day"), (Period.WEEK, "Week"), (Period.MONTH, "Month"), (Period.NONE, "No reset")]
_FIELDS = ("cap", "period", "is_uncapped", "max_jobs", "max_seconds", "max_tier", "allowed_models")


class QuotaForm(forms.Form):
    """Empty fields inherit the value of the level above."""

    cap = forms.IntegerField(label="Credit limit", required=False, min_value=0, max_value=MAX_CREDITS)
    period = forms.ChoiceField(choices=PERIODS, initial=Period.MONTH)
    is_uncapped = forms.BooleanField(label="Unlimited (ignore inherited limit)", required=False)
    max_jobs = forms.IntegerField(label="Max concurrent jobs", required=False, min_value=0, max_value=10_000)
    max_seconds = forms.IntegerField(label="Max duration (seconds)", required=False, min_value=1, max_value=600)
    max_tier = forms.ChoiceField(label="Max resolution", required=False)
    allowed_models = forms.MultipleChoiceField(
        label="Allowed models", widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, values: Any = None, *, quota: Quota | None) -> None:
        super().__init__(values, initial={name: getattr(quota, name) for name in _FIELDS} if quota else None)
        tiers = [(tier, formatting.humanize(tier)) for tier in SUPPORT.tiers]
        models = dict.fromkeys([*offered_models(), *((quota.allowed_models if quota else None) or ())])
        self.fields["max_tier"].choices = [("", "Any"), *tiers]  # type: ignore[attr-defined]
        self.fields["allowed_models"].choices = [(m, formatting.model_name(m)) for m in models]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("is_uncapped") and values.get("cap") is not None:
            self.add_error("cap", "Clear this field or turn off “Unlimited”.")
        return values

    @property
    def rule(self) -> QuotaRule:
        values = self.cleaned_data
        return QuotaRule(**{**values, "allowed_models": tuple(values["allowed_models"]) or None})


class IncreaseForm(forms.Form):
    amount = forms.IntegerField(label="Additional credits", min_value=1, max_value=MAX_CREDITS)
    until = forms.ChoiceField(label="Valid for", choices=list(DURATIONS.items()), initial=PERIOD)
    reason = forms.CharField(max_length=200, error_messages={"required": "Enter a reason."})
