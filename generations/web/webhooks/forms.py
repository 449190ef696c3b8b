"""The forms of the webhooks' pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.common.errors import DailiesError
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import WebhookEndpoint
from generations.events.webhooks.http import MAX_URL_CHARACTERS, BadEndpointError

_SINCE = {"1": "the last hour", "24": "the last day", "72": "the last three days", "720": "the last month"}


class WebhookForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=MAX_URL_CHARACTERS,
        widget=forms.URLInput(attrs={"class": "input", "inputmode": "url", "placeholder": "https://"}),
        help_text="It gets a POST for each event, and answers with any 2xx status within 15 seconds.",
        error_messages={"required": "Say where your program listens."},
    )
    description = forms.CharField(
        label="What it is for",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    kinds = forms.MultipleChoiceField(
        label="Told of",
        required=False,
        choices=[(kind.name, kind.description) for kind in PUBLIC_KINDS.values()],
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookForm":
        return cls(initial={"url": endpoint.url, "description": endpoint.description, "kinds": endpoint.kinds})

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("url", "description", "kinds")}

    def add_refusal(self, error: DailiesError) -> None:
        """Put it beside its field, or above all of them."""
        self.add_error(error.field if isinstance(error, BadEndpointError) else None, error.message)


class RecoverForm(forms.Form):
    hours = forms.ChoiceField(
        label="Given up in", choices=list(_SINCE.items()), initial="72", widget=forms.Select(attrs={"class": "input"})
    )

    @property
    def since(self) -> datetime:
        return timezone.now() - timedelta(hours=int(self.cleaned_data["hours"]))
