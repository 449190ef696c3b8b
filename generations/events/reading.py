"""Read events in order, without missing any, and only those that a subscriber may see.

Ids become visible out of order: a transaction that took its id first may commit last. Transactions are numbered when
they first write, so everything before the oldest open transaction is complete. Readers order by `(transaction, id)` and
stop there. An event is delayed at most as long as the longest concurrent writing transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from .catalogue import PUBLIC_KINDS
from .models import Event

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


def events_after(position: Position) -> QuerySet[Event]:
    """Return the complete events after the position, in reading order."""
    after = RawSQL(_AFTER, position, output_field=BooleanField())  # noqa: S611  (a constant)
    complete = RawSQL(_HORIZON, [], output_field=BigIntegerField())  # noqa: S611  (a constant)
    return Event.objects.filter(after, transaction__lt=complete).order_by("transaction", "id")


def position_of(event: Event) -> Position:
    return event.transaction, event.pk


def visible_events(rows: QuerySet[Event], subscriber: Subscriber, kinds: Iterable[str] = ()) -> QuerySet[Event]:
    """Filter to the public events that the key's rights allow; `kinds` narrows them further, none means all."""
    wanted = set(kinds) or set(PUBLIC_KINDS)
    permitted = {kind.name for kind in PUBLIC_KINDS.values() if kind.right in subscriber.rights}
    for_authors = {kind.name for kind in PUBLIC_KINDS.values() if kind.is_authors} - permitted
    own = Q(kind__in=wanted & for_authors) & Exists(_submitted_by(subscriber))
    return rows.filter(Q(kind__in=wanted & permitted) | own, team=subscriber.team_id)


def _submitted_by(subscriber: Subscriber) -> QuerySet[Event]:
    submitted = Event.objects.filter(kind="generation.submitted", subject_id=OuterRef("subject_id"))
    if subscriber.user_id is None:
        return submitted.filter(data__api_key=str(subscriber.key_id))
    return submitted.filter(actor=subscriber.user_id)
