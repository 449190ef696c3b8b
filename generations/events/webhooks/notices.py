"""Tell the team's managers that a webhook has stopped: a notice in the studio, and a letter."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model

from ..letters import write_letter
from ..models import EndpointState, WebhookEndpoint
from ..notices import notify
from ..record import record_event
from .targets import host_of

KIND = "webhook.stopped"


def tell_stopped(endpoint: WebhookEndpoint, state: EndpointState, reason: str, managers: Iterable[int]) -> None:
    """Whoever made the webhook is among the managers, or manages the team no longer."""
    record_event(f"webhook.{state.value}", team_id=endpoint.team_id, subject_id=endpoint.pk, reason=reason)
    what = "paused" if state is EndpointState.PAUSED else "switched off"
    text = f"The webhook to {host_of(endpoint.url)} was {what}. {reason}"
    path = f"/t/{endpoint.team.slug}/webhooks/{endpoint.pk}/"
    people = list(get_user_model()._default_manager.filter(pk__in=set(managers), is_active=True))
    notify(user_ids=[user.pk for user in people], kind=KIND, text=text, path=path, team_id=endpoint.team_id)
    write_letter(addresses=[user.email for user in people], subject="A webhook has stopped", text=text, path=path)
