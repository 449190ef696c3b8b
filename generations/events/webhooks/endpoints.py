"""A team's webhook endpoints: create, change, turn on and off, rotate the secret, delete."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from generations.common.clock import database_time
from generations.common.errors import DailiesError, NotFoundError

from ..kinds import PUBLIC_KINDS, EventKind
from ..models import EndpointState, WebhookEndpoint
from ..record import record_audit
from .delivery import resume, suspend_new
from .fan_out import create_cursor
from .http import BadEndpointError, checked_url, host_of
from .signing import new_secret

MAX_ENDPOINTS = 20
"""Per team."""
OVERLAP = timedelta(hours=24)
"""How long an old secret still signs after a rotation, by default."""


class TooManyEndpointsError(DailiesError):
    """The team already has MAX_ENDPOINTS webhooks."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__(f"A team has at most {MAX_ENDPOINTS} webhooks. Delete one first.")


@transaction.atomic
def create_endpoint(
    *, team_id: int, actor_id: int, url: str, kinds: Iterable[str] = (), description: str = ""
) -> WebhookEndpoint:
    """Create an endpoint for events from now on. Raises BadEndpointError, TooManyEndpointsError."""
    if WebhookEndpoint.objects.filter(team=team_id).count() >= MAX_ENDPOINTS:
        raise TooManyEndpointsError
    endpoint = WebhookEndpoint(
        team_id=team_id,
        created_by_id=actor_id,
        url=checked_url(url),
        kinds=checked_kinds(kinds),
        description=description.strip()[:120],
    )
    endpoint.secret = new_secret()
    endpoint.save(force_insert=True)
    create_cursor()
    _record(EventKind.WEBHOOK_CREATED, endpoint, actor_id, kinds=endpoint.kinds)
    return endpoint


@transaction.atomic
def change_endpoint(
    *,
    endpoint: WebhookEndpoint,
    actor_id: int,
    url: str | None = None,
    kinds: Iterable[str] | None = None,
    description: str | None = None,
) -> None:
    """Change the given fields. Pending deliveries go to the new URL. Raises BadEndpointError."""
    if url is not None:
        endpoint.url = checked_url(url)
    if kinds is not None:
        endpoint.kinds = checked_kinds(kinds)
    if description is not None:
        endpoint.description = description.strip()[:120]
    endpoint.save(update_fields=["url", "kinds", "description"])
    _record(EventKind.WEBHOOK_CHANGED, endpoint, actor_id, kinds=endpoint.kinds)


@transaction.atomic
def turn_on(*, endpoint: WebhookEndpoint, actor_id: int) -> None:
    """Resume sending, beginning with the suspended deliveries."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(state=EndpointState.ON, state_reason="", failing_since=None)
    resume(endpoint)
    endpoint.refresh_from_db()
    _record(EventKind.WEBHOOK_TURNED_ON, endpoint, actor_id)


@transaction.atomic
def turn_off(*, endpoint: WebhookEndpoint, actor_id: int) -> None:
    """Stop sending. Events that happen while the endpoint is off are not delivered later."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        state=EndpointState.OFF, state_reason="Turned off by a manager of the team."
    )
    suspend_new(endpoint)
    endpoint.refresh_from_db()
    _record(EventKind.WEBHOOK_TURNED_OFF, endpoint, actor_id)


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, actor_id: int, overlap: timedelta = OVERLAP) -> None:
    """Sign with a new secret, and with the old one too until the overlap has passed."""
    endpoint.secret = new_secret()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        encrypted_old_secret=F("encrypted_secret"),
        old_secret_until=database_time(overlap),
        encrypted_secret=endpoint.encrypted_secret,
    )
    endpoint.refresh_from_db()
    _record(EventKind.WEBHOOK_ROTATED, endpoint, actor_id, overlap=int(overlap.total_seconds()))


@transaction.atomic
def delete_endpoint(*, endpoint: WebhookEndpoint, actor_id: int) -> None:
    """Delete the endpoint with all its deliveries, pending ones included."""
    _record(EventKind.WEBHOOK_DELETED, endpoint, actor_id)
    endpoint.delete()


def access_endpoint(team_id: int, endpoint_id: UUID) -> WebhookEndpoint:
    """Return the team's endpoint. The caller checks the right to manage the team. Raises NotFoundError."""
    found = WebhookEndpoint.objects.filter(team=team_id, pk=endpoint_id).first()
    if found is None:
        raise NotFoundError
    return found


def checked_kinds(kinds: Iterable[str]) -> list[str]:
    """Return the kinds without duplicates, in catalogue order. Raises BadEndpointError."""
    wanted = set(kinds)
    if unknown := sorted(wanted - PUBLIC_KINDS.keys()):
        raise BadEndpointError("kinds", f"Unknown event type {unknown[0][:60]}.")
    return [name for name in PUBLIC_KINDS if name in wanted]


def _record(kind: EventKind, endpoint: WebhookEndpoint, actor_id: int, **data: Any) -> None:
    # Only the host: the rest of a URL may contain a secret of its receiver.
    host = host_of(endpoint.url)
    record_audit(kind, team_id=endpoint.team_id, actor_id=actor_id, subject_id=endpoint.pk, host=host, **data)
