"""Keyset pagination. A page costs the same at any depth, and new rows do not shift the pages after the first.

A cursor is an opaque text that names the last row of a page. One row more than fits is read, to know whether a next
page exists.
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
MAX_ID = 2**63 - 1


class BadCursorError(DailiesError):
    """The cursor is not one of ours."""

    status = 400
    code = "bad_request"

    def __init__(self) -> None:
        super().__init__("This page link is no longer valid. Go back to the first page.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page and the cursor of the next page, or None on the last."""

    rows: list[Row]
    next_cursor: str | None


def keyset_page(rows: QuerySet[Row], *, cursor: str | None, size: int) -> Page[Row]:
    """Return a page by `(created_at, id)`, newest first, of rows with a UUID `id`. Raises BadCursorError."""
    ordered = rows.order_by("-created_at", "-id")
    if cursor:
        created_at, key = _decode_position(cursor)
        ordered = ordered.filter(
            _RowBefore(F("created_at"), F("id"), Value(created_at, DateTimeField()), Value(key, UUIDField()))
        )
    found = list(ordered[: size + 1])
    return Page(found[:size], _encode_position(found[size - 1]) if len(found) > size else None)


def numbered_page(rows: QuerySet[Row], *, cursor: str | None, size: int, is_newest_first: bool = True) -> Page[Row]:
    """Return a page by integer primary key. Raises BadCursorError."""
    order, condition = ("-pk", "pk__lt") if is_newest_first else ("pk", "pk__gt")
    if cursor:
        rows = rows.filter(**{condition: _decode_id(cursor)})
    found = list(rows.order_by(order)[: size + 1])
    return Page(found[:size], _encode(str(found[size - 1].pk)) if len(found) > size else None)


class _RowBefore(Func):
    """`(created_at, id) < (…, …)`. PostgreSQL cannot walk the index for the equivalent OR."""

    template = "(%(expressions)s)"
    arg_joiner = ", "
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (created, a), (key, b), (old_created, c), (old_key, d) = parts
        return f"({created}, {key}) < ({old_created}, {old_key})", [*a, *b, *c, *d]


def _encode_position(row: Any) -> str:
    return _encode(f"{row.created_at.isoformat()}|{row.id.hex}")


def _decode_position(cursor: str) -> tuple[datetime, UUID]:
    try:
        created_at, key = _decode(cursor).split("|")
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise BadCursorError
        return moment.astimezone(UTC), UUID(key)  # PostgreSQL accepts no offset beyond 16 hours
    except (ValueError, OverflowError) as error:
        raise BadCursorError from error


def _decode_id(cursor: str) -> int:
    digits = _decode(cursor)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and int(digits) <= MAX_ID):
        raise BadCursorError
    return int(digits)


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise BadCursorError from error
