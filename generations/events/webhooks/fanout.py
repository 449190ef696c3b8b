"""Turn events into deliveries: one for each endpoint of the team that wants the kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models.functions import Now

from ..catalogue import PUBLIC_KINDS, body_of
from ..models import EndpointState, Event, WebhookCursor, WebhookDelivery, WebhookEndpoint
from ..order import events_after, horizon, position_of

BATCH = 500


def begin_fan_out() -> None:
    """Make the cursor with the first endpoint there is, from where on events are still to come."""
    at, event_id = horizon()
    WebhookCursor.objects.get_or_create(pk=1, defaults={"transaction": at, "event_id": event_id})


@transaction.atomic
def fan_out() -> int:
    """Make the deliveries of the next events and move the cursor behind them. Returns how many events were read.

    Whoever comes while another is at it finds nothing to do. A crash repeats the batch: a delivery exists once for an
    event and an endpoint.
    """
    cursor = WebhookCursor.objects.select_for_update(skip_locked=True).first()
    if cursor is None:
        return 0
    events = list(events_after((cursor.transaction, cursor.event_id)).select_related("team")[:BATCH])
    if events:
        _deliver(events)
        cursor.transaction, cursor.event_id = position_of(events[-1])
        cursor.save(update_fields=["transaction", "event_id"])
    return len(events)


def _deliver(events: Iterable[Event]) -> None:
    told = [(event, event.team) for event in events if event.kind in PUBLIC_KINDS and event.team]
    endpoints = _listening({team.pk for _, team in told})
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint,
                event=event,
                kind=event.kind,
                payload=body_of(event, team.slug),
                next_try_at=Now() if endpoint.state == EndpointState.ON else None,
            )
            for event, team in told
            for endpoint in endpoints.get(team.pk, [])
            if wants(endpoint, event)
        ],
        ignore_conflicts=True,
    )


def _listening(teams: set[int]) -> Mapping[int, list[WebhookEndpoint]]:
    """Endpoints by team. Those that are paused collect too: what waited is sent when they are on again.

    They are locked, so that whoever switches one on finds all that waits, or none of it is left waiting.
    """
    found: dict[int, list[WebhookEndpoint]] = defaultdict(list)
    rows = WebhookEndpoint.objects.select_for_update(no_key=True).order_by("pk")
    for endpoint in rows.filter(team__in=teams).exclude(state=EndpointState.OFF):
        found[endpoint.team_id].append(endpoint)
    return found


def wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    return event.created_at >= endpoint.created_at and (not endpoint.kinds or event.kind in endpoint.kinds)
