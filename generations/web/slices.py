"""Pages of rows that are numbered: one more than fits is read, to know whether there is another page."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from generations.common.pagination import BadCursorError

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Rows of one page, and the number that the next begins after; None on the last."""

    rows: list[Row]
    next_after: int | None


def slice_after(rows: QuerySet[Row], after: str | None, *, size: int, is_newest_first: bool = True) -> Slice[Row]:
    """Return the page behind row number `after`. Raises BadCursorError."""
    order, beyond = ("-pk", "pk__lt") if is_newest_first else ("pk", "pk__gt")
    if after:
        rows = rows.filter(**{beyond: _number(after)})
    found = list(rows.order_by(order)[: size + 1])
    return Slice(found[:size], found[size - 1].pk if len(found) > size else None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadCursorError
    return int(text)
