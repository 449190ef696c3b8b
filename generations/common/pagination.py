"""Keyset pages: newest first by `(created_at, id)`, at the same cost at any depth.

The comparison is one row comparison, because PostgreSQL cannot walk the index for its OR form.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import BooleanField, DateTimeField, F, Func, Model, QuerySet, UUIDField, Value

from .errors import DailiesError

Row = TypeVar("Row", bound=Model)


class BadCursorError(DailiesError):
    """The cursor was not made by us."""

    def __init__(self) -> None:
        super().__init__("This page link is broken. Start again from the newest.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page and the cursor of the next, or None on the last."""

    rows: list[Row]
    next_cursor: str | None


class _RowBefore(Func):
    template = "(%(expressions)s)"
    arg_joiner = ", "
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (created, a), (key, b), (old_created, c), (old_key, d) = parts
        return f"({created}, {key}) < ({old_created}, {old_key})", [*a, *b, *c, *d]


def keyset_page(rows: QuerySet[Row], *, cursor: str | None, size: int) -> Page[Row]:
    """Return one page of rows that have `created_at` and a UUID `id`. Raises BadCursorError."""
    ordered = rows.order_by("-created_at", "-id")
    if cursor:
        created_at, key = _decode(cursor)
        ordered = ordered.filter(
            _RowBefore(F("created_at"), F("id"), Value(created_at, DateTimeField()), Value(key, UUIDField()))
        )
    found = list(ordered[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], _encode(last) if last else None)


def _encode(row: Any) -> str:
    raw = f"{row.created_at.isoformat()}|{row.id.hex}"
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        created_at, key = raw.split("|")
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise BadCursorError
        return moment.astimezone(UTC), UUID(key)  # PostgreSQL takes no offset beyond 16 hours
    except (ValueError, OverflowError, binascii.Error) as error:
        raise BadCursorError from error
