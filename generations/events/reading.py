"""Read events in order, without missing any, in the form that webhooks and streams send.

Ids become visible out of order: a transaction that took its id first may commit last. Transactions are numbered when
they first write, so everything before the oldest open transaction is complete. Readers order by `(transaction, id)` and
stop there. An event is delayed at most as long as the longest concurrent writing transaction.
"""

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import BigIntegerField, BooleanField
from django.db.models.expressions import RawSQL

from .kinds import PUBLIC_KINDS
from .models import Event, EventQuerySet

Position = tuple[int, int]
"""The transaction and the id of an event."""

_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# One row comparison, because PostgreSQL walks the index for it.
_AFTER = "(generations_event.transaction, generations_event.id) > (%s, %s)"
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Subscriber:
    """An API key of a team with its rights, as read by a higher room.

    A subscriber without the right to manage jobs sees the generations that `user_id` submitted. A service key has no
    user; it sees the generations that the key itself submitted.
    """

    key_id: UUID
    team_id: int
    team_slug: str
    rights: frozenset[str]
    user_id: int | None
    secret: str = field(default="", repr=False)


def horizon() -> Position:
    """Return the position from which only future events follow: all events before it are complete."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + _HORIZON)
        (transaction,) = cursor.fetchone()
    return transaction, 0


def events_after(position: Position) -> EventQuerySet:
    """Return the complete events after the position, in reading order."""
    after = RawSQL(_AFTER, position, output_field=BooleanField())  # noqa: S611  (a constant)
    complete = RawSQL(_HORIZON, [], output_field=BigIntegerField())  # noqa: S611  (a constant)
    return Event.objects.filter(after, transaction__lt=complete).order_by("transaction", "id")


def position_of(event: Event) -> Position:
    return event.transaction, event.pk


def body_of(event: Event, slug: str) -> dict[str, Any]:
    """Return the body that webhooks and streams send for an event of a public kind; `slug` is its team's."""
    kind = PUBLIC_KINDS[event.kind]
    data: dict[str, Any] = {"team": slug}
    if event.subject_id is not None:
        data["id"] = str(event.subject_id)
    if kind.noun == "generation":
        data["state"] = "queued" if kind.verb == "submitted" else kind.verb
    data |= {name: event.data[name] for name in kind.fields if name in event.data}
    data["links"] = {"self": settings.PUBLIC_URL + kind.link.format(id=event.subject_id)}
    return {"type": kind.name.value, "timestamp": _in_iso(event), "data": data}


def _in_iso(event: Event) -> str:
    """Return the event's time as the contract writes times: UTC, milliseconds, Z."""
    return event.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
