"""Read on from an event, so that none is missed.

Ids become visible out of order: a transaction that took its id first may commit last. Transactions are numbered when
they first write, so everything before the oldest one still open is complete. Whoever reads on orders by
`(transaction, id)` and stops there; an event waits at most as long as the longest transaction beside it that writes.
"""

from django.db import connection
from django.db.models import BigIntegerField, BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from .models import Event

Position = tuple[int, int]
"""The transaction and the id of an event."""

_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# One row comparison, which PostgreSQL answers by walking the index.
_AFTER = "(generations_event.transaction, generations_event.id) > (%s, %s)"
LARGEST = 2**63 - 1


def horizon() -> Position:
    """Where whoever wants only what is to come begins: everything before it is complete, the rest is still to read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + _HORIZON)
        (transaction,) = cursor.fetchone()
    return transaction, 0


def events_after(position: Position) -> QuerySet[Event]:
    """Complete events after the position, in the order in which they are read on."""
    after = RawSQL(_AFTER, position, output_field=BooleanField())  # noqa: S611  (a constant)
    complete = RawSQL(_HORIZON, [], output_field=BigIntegerField())  # noqa: S611  (a constant)
    return Event.objects.filter(after, transaction__lt=complete).order_by("transaction", "id")


def position_of(event: Event) -> Position:
    return event.transaction, event.pk
