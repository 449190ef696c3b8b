"""Pages of rows that are numbered: newest first, or in the order they came. The cursor is a number in disguise."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from generations.common.pagination import BadCursorError

from .shapes import LARGEST_ID

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class NumberedPage(Generic[Row]):
    rows: list[Row]
    next_cursor: str | None


def newest_first(rows: QuerySet[Row], *, cursor: str | None, size: int) -> NumberedPage[Row]:
    """One page by descending key. Raises BadCursorError."""
    found = rows.filter(pk__lt=numbers_in(cursor, count=1)[0]) if cursor else rows
    return _page(found.order_by("-pk"), size)


def oldest_first(rows: QuerySet[Row], *, cursor: str | None, size: int) -> NumberedPage[Row]:
    """One page by ascending key. Raises BadCursorError."""
    found = rows.filter(pk__gt=numbers_in(cursor, count=1)[0]) if cursor else rows
    return _page(found.order_by("pk"), size)


def cursor_of(*numbers: int) -> str:
    return base64.urlsafe_b64encode(".".join(map(str, numbers)).encode()).decode().rstrip("=")


def numbers_in(cursor: str, *, count: int) -> tuple[int, ...]:
    """Read a cursor of so many numbers. Raises BadCursorError for whatever we did not make."""
    try:
        parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(".")
    except (ValueError, binascii.Error) as error:
        raise BadCursorError from error
    if len(parts) != count or not all(part.isdigit() and len(part) <= 19 for part in parts):
        raise BadCursorError
    numbers = tuple(map(int, parts))
    if max(numbers) > LARGEST_ID:
        raise BadCursorError
    return numbers


def _page(rows: QuerySet[Row], size: int) -> NumberedPage[Row]:
    found = list(rows[: size + 1])
    has_more = len(found) > size
    return NumberedPage(found[:size], cursor_of(found[size - 1].pk) if has_more else None)
