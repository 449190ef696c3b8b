"""CSV files that are safe to open in a spreadsheet: a text cell never runs as a formula."""

from collections.abc import Iterable, Iterator

from defusedcsv import csv

# Spreadsheets skip these before a formula. defusedcsv escapes only the formula characters themselves.
_LEADING_WHITESPACE = ("\t", "\r", "\n")
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Echo:
    """A file whose `write` returns the text, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield each row as one line. The first line starts with the byte order mark by which Excel detects UTF-8."""
    writer = csv.writer(_Echo())
    mark = _BYTE_ORDER_MARK
    for row in rows:
        yield mark + writer.writerow([_escape_whitespace(cell) for cell in row])
        mark = ""


def _escape_whitespace(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_LEADING_WHITESPACE) else cell
