"""Tables as CSV that a spreadsheet opens without doing what a cell says.

A cell that begins like a formula gets an apostrophe before it, as spreadsheets themselves write such text; figures,
negative ones too, stay figures.
"""

import csv
from collections.abc import Iterable, Iterator

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield each row as one line, in UTF-8 with the mark that spreadsheets look for."""
    writer = csv.writer(_Echo())
    mark = "\N{ZERO WIDTH NO-BREAK SPACE}"
    for row in rows:
        yield mark + writer.writerow([_safe(cell) for cell in row])
        mark = ""


def _safe(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return "" if cell is None else cell
