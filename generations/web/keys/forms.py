"""The forms of API keys: a new one, with limits of its own if wanted, and how long the old secret goes on."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.accounts.callers import SCOPE_RIGHTS
from generations.accounts.models import Membership
from generations.accounts.roles import Right, Scope
from generations.credits.limits import QuotaRule
from generations.credits.models import Period
from generations.credits.prices import offered_models

from .. import formatting

LARGEST_CAP = 1_000_000_000
SCOPE_WORDS = {
    Scope.GENERATE: "Generate: upload stills, submit jobs, ask for prices, cancel its own",
    Scope.READ: "Read: takes, jobs, members, what is left to spend",
    Scope.REVIEW: "Review: say what is approved",
    Scope.MANAGE: "Manage: everybody's jobs, members, quotas, keys, webhooks, the statement",
}
LIVES = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", "": "Never"}
OVERLAPS = {"0": "stops at once", "24": "goes on for a day", "168": "goes on for a week"}


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=80,
        help_text="What it is for. Takes made with it bear this name.",
        error_messages={"required": "Give it a name, so that you know it again."},
    )
    kind = forms.ChoiceField(
        label="Whose",
        choices=[("personal", "Mine: acts for me, within my role"), ("service", "The team's: stays when I leave")],
        widget=forms.RadioSelect,
        initial="personal",
    )
    scopes = forms.MultipleChoiceField(
        label="May be used to",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    life = forms.ChoiceField(label="Ends", choices=list(LIVES.items()), required=False, initial="90")
    cap = forms.IntegerField(label="Credits at most", required=False, min_value=0, max_value=LARGEST_CAP)
    period = forms.ChoiceField(label="A period is", choices=Period.choices, required=False, initial=Period.MONTH)
    max_jobs = forms.IntegerField(label="Jobs at once at most", required=False, min_value=1, max_value=10_000)
    allowed_models = forms.MultipleChoiceField(
        label="Only these models", widget=forms.CheckboxSelectMultiple, required=False
    )

    LIMITS = ("cap", "period", "max_jobs", "allowed_models")

    def __init__(self, values: Any = None, *, membership: Membership) -> None:
        super().__init__(values)
        self.fields["scopes"].choices = [(s, SCOPE_WORDS[s]) for s in scopes_for(membership)]  # type: ignore[attr-defined]
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
        given = self.cleaned_data
        return QuotaRule(
            cap=given["cap"],
            period=given["period"] or Period.MONTH,
            max_jobs=given["max_jobs"],
            allowed_models=tuple(given["allowed_models"]) or None,
        )

    @property
    def has_limits(self) -> bool:
        """Whether the part with the limits should stand open: something in it was chosen, or is wrong."""
        return any(self.data.get(name) for name in ("cap", "max_jobs", "allowed_models"))


class RotateForm(forms.Form):
    overlap = forms.ChoiceField(choices=list(OVERLAPS.items()), initial="24")

    @property
    def duration(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))


def scopes_for(membership: Membership) -> list[Scope]:
    """The scopes that give this member's role anything at all."""
    return [scope for scope in Scope if any(map(membership.can, SCOPE_RIGHTS[scope]))]
