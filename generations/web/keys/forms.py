"""Forms of API keys: a new key with optional limits, and how long the old secret keeps working after a rotation."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.accounts.api_keys import SCOPE_RIGHTS
from generations.accounts.models import Membership
from generations.accounts.roles import Right, Scope
from generations.credits.models import Period
from generations.credits.prices import offered_models
from generations.credits.quota_settings import QuotaRule

from .. import formatting
from ..credits.forms import MAX_CREDITS
from ..quotas.forms import PERIODS

SCOPE_LABELS = {
    Scope.GENERATE: "Generate: upload images, submit jobs, get prices, cancel own jobs",
    Scope.READ: "Read: takes, jobs, members, remaining credits",
    Scope.REVIEW: "Review: approve takes or request changes",
    Scope.MANAGE: "Manage: all jobs, members, credit limits, keys, webhooks, transactions",
}
LIFETIMES = {"30": "In 30 days", "90": "In 90 days", "365": "In 1 year", "": "Never"}
OVERLAPS = {"0": "stops immediately", "24": "keeps working for 1 day", "168": "keeps working for 1 week"}


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=80,
        help_text="Shown on takes made with this key.",
        error_messages={"required": "Enter a name."},
    )
    kind = forms.ChoiceField(
        label="Owner",
        choices=[("personal", "Me: acts with my role"), ("service", "Team: keeps working after I leave")],
        widget=forms.RadioSelect,
        initial="personal",
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one scope."},
    )
    life = forms.ChoiceField(label="Expires", choices=list(LIFETIMES.items()), required=False, initial="90")
    cap = forms.IntegerField(label="Credit limit", required=False, min_value=0, max_value=MAX_CREDITS)
    period = forms.ChoiceField(choices=PERIODS, required=False, initial=Period.MONTH)
    max_jobs = forms.IntegerField(label="Max concurrent jobs", required=False, min_value=1, max_value=10_000)
    allowed_models = forms.MultipleChoiceField(
        label="Allowed models", widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, values: Any = None, *, membership: Membership) -> None:
        super().__init__(values)
        self.fields["scopes"].choices = [(s, SCOPE_LABELS[s]) for s in scopes_for(membership)]  # type: ignore[attr-defined]
        models = [(model, formatting.model_name(model)) for model in offered_models()]
        self.fields["allowed_models"].choices = models  # type: ignore[attr-defined]
        if not membership.can(Right.MANAGE_TEAM):
            del self.fields["kind"]

    @property
    def is_service(self) -> bool:
        return self.cleaned_data.get("kind") == "service"

    @property
    def expires_at(self) -> datetime | None:
        life = self.cleaned_data["life"]
        return timezone.now() + timedelta(days=int(life)) if life else None

    @property
    def rule(self) -> QuotaRule:
        values = self.cleaned_data
        return QuotaRule(
            cap=values["cap"],
            period=values["period"] or Period.MONTH,
            max_jobs=values["max_jobs"],
            allowed_models=tuple(values["allowed_models"]) or None,
        )

    @property
    def has_limits(self) -> bool:
        """Return whether a limit was entered. The page then shows the limits unfolded."""
        return any(self.data.get(name) for name in ("cap", "max_jobs", "allowed_models"))


class RotateForm(forms.Form):
    overlap = forms.ChoiceField(choices=list(OVERLAPS.items()), initial="24")

    @property
    def duration(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))


def scopes_for(membership: Membership) -> list[Scope]:
    """Return the scopes that include at least one right of the member's role."""
    return [scope for scope in Scope if any(map(membership.can, SCOPE_RIGHTS[scope]))]
