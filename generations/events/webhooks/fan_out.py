"""Create deliveries from events: one for each endpoint of the team that subscribes to the kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models.functions import Now

from ..kinds import PUBLIC_KINDS
from ..models import EndpointState, Event, WebhookCursor, WebhookDelivery, WebhookEndpoint
from ..reading import body_of, events_after, horizon, position_of

BATCH = 500


def create_cursor() -> None:
    """Create the cursor with the first endpoint. It starts where future events begin."""
    at, event_id = horizon()
    WebhookCursor.objects.get_or_create(pk=1, defaults={"transaction": at, "event_id": event_id})


@transaction.atomic
def fan_out() -> int:
    """Create the deliveries of the next events, move the cursor past them, and return the number of events.

    A concurrent call returns 0. After a crash the batch is repeated; a delivery exists once per event and endpoint.
    """
    cursor = WebhookCursor.objects.select_for_update(skip_locked=True).first()
    if cursor is None:
        return 0
    events = list(events_after((cursor.transaction, cursor.event_id)).select_related("team")[:BATCH])
    if events:
        _create_deliveries(events)
        cursor.transaction, cursor.event_id = position_of(events[-1])
        cursor.save(update_fields=["transaction", "event_id"])
    return len(events)


def _create_deliveries(events: Iterable[Event]) -> None:
    public = [(event, event.team) for event in events if event.kind in PUBLIC_KINDS and event.team]
    endpoints = _lock_endpoints({team.pk for _, team in public})
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint,
                event=event,
                kind=event.kind,
                payload=body_of(event, team.slug),
                next_attempt_at=Now() if endpoint.state == EndpointState.ON else None,
            )
            for event, team in public
            for endpoint in endpoints.get(team.pk, [])
            if wants(endpoint, event)
        ],
        ignore_conflicts=True,
    )


def _lock_endpoints(teams: set[int]) -> Mapping[int, list[WebhookEndpoint]]:
    """Return the endpoints by team. Paused ones also get deliveries, which are sent when they are on again.

    The rows are locked, so that turning an endpoint on at the same time leaves no delivery suspended.
    """
    found: dict[int, list[WebhookEndpoint]] = defaultdict(list)
    rows = WebhookEndpoint.objects.select_for_update(no_key=True).order_by("pk")
    for endpoint in rows.filter(team__in=teams).exclude(state=EndpointState.OFF):
        found[endpoint.team_id].append(endpoint)
    return found


def wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    return event.created_at >= endpoint.created_at and (not endpoint.kinds or event.kind in endpoint.kinds)
