"""Forms of the credit desk: ask, answer, raise."""

from typing import Any

from django import forms

from generations.contract.support import SUPPORT
from generations.credits.limits import QuotaRule
from generations.credits.models import Period, Quota
from generations.credits.prices import offered_models

from .. import formatting
from ..credits.forms import LARGEST, PERIOD, UNTILS


class RaiseForm(forms.Form):
    amount = forms.IntegerField(label="Credits more", min_value=1, max_value=LARGEST)
    until = forms.ChoiceField(label="For how long", choices=list(UNTILS.items()), initial=PERIOD)
    reason = forms.CharField(
        max_length=200, error_messages={"required": "Say why: the reason stands beside the quota."}
    )


_FIELDS = ("cap", "period", "is_uncapped", "max_jobs", "max_seconds", "max_tier", "allowed_models")


class QuotaForm(forms.Form):
    """What is left empty is left to the level above."""

    cap = forms.IntegerField(label="Credits at most", required=False, min_value=0, max_value=LARGEST)
    period = forms.ChoiceField(label="Per", choices=Period.choices, initial=Period.MONTH)
    is_uncapped = forms.BooleanField(label="No cap, whatever the level above says", required=False)
    max_jobs = forms.IntegerField(label="Jobs at once at most", required=False, min_value=0, max_value=10_000)
    max_seconds = forms.IntegerField(label="Seconds a job at most", required=False, min_value=1, max_value=600)
    max_tier = forms.ChoiceField(label="Largest size", required=False)
    allowed_models = forms.MultipleChoiceField(
        label="Only these models", widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, values: Any = None, *, quota: Quota | None) -> None:
        super().__init__(values, initial={name: getattr(quota, name) for name in _FIELDS} if quota else None)
        tiers = [(tier, formatting.humanize(tier)) for tier in SUPPORT.tiers]
        models = dict.fromkeys([*offered_models(), *((quota.allowed_models if quota else None) or ())])
        self.fields["max_tier"].choices = [("", "Any"), *tiers]  # type: ignore[attr-defined]
        self.fields["allowed_models"].choices = [(m, formatting.model_name(m)) for m in models]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("is_uncapped") and given.get("cap") is not None:
            self.add_error("cap", "Either a cap or none: leave this empty.")
        return given

    @property
    def rule(self) -> QuotaRule:
        given = self.cleaned_data
        return QuotaRule(**{**given, "allowed_models": tuple(given["allowed_models"]) or None})
