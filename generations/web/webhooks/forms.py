"""Forms of the webhook pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from generations.common.errors import DailiesError
from generations.events.kinds import PUBLIC_KINDS
from generations.events.models import WebhookEndpoint
from generations.events.webhooks.http import MAX_URL_CHARACTERS, BadEndpointError

_SINCE = {"1": "the last hour", "24": "the last day", "72": "the last 3 days", "720": "the last month"}


class WebhookForm(forms.Form):
    url = forms.CharField(
        label="Endpoint URL",
        max_length=MAX_URL_CHARACTERS,
        widget=forms.URLInput(attrs={"class": "input", "inputmode": "url", "placeholder": "https://"}),
        help_text="We send a POST request per event. Respond with 2xx within 15 seconds.",
        error_messages={"required": "Enter a URL."},
    )
    description = forms.CharField(
        label="Description",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(kind.name, kind.description) for kind in PUBLIC_KINDS.values()],
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookForm":
        return cls(initial={"url": endpoint.url, "description": endpoint.description, "kinds": endpoint.kinds})

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("url", "description", "kinds")}

    def add_service_error(self, error: DailiesError) -> None:
        """Add the error to its field, or to the form."""
        self.add_error(error.field if isinstance(error, BadEndpointError) else None, error.message)


class ResendForm(forms.Form):
    hours = forms.ChoiceField(
        label="Failed in", choices=list(_SINCE.items()), initial="72", widget=forms.Select(attrs={"class": "input"})
    )

    @property
    def since(self) -> datetime:
        return timezone.now() - timedelta(hours=int(self.cleaned_data["hours"]))
