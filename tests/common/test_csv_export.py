import csv
from io import StringIO

import pytest

from generations.common.csv_export import csv_lines


def read(rows: list[list[object]]) -> list[list[str]]:
    return list(csv.reader(StringIO("".join(csv_lines(rows)).removeprefix("\ufeff"))))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "|", "%", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(first: str) -> None:
    [[cell]] = read([[f"{first}1+1"]])
    assert cell.startswith("'")
    assert cell.replace("\\", "") == f"'{first}1+1"


def test_numbers_are_not_changed() -> None:
    assert read([[-36, 0, 1.5, None]]) == [["-36", "0", "1.5", ""]]


def test_quotes_commas_and_newlines_survive() -> None:
    assert read([['He said "go", then\nleft', "ümlaut"], ["second", "row"]]) == [
        ['He said "go", then\nleft', "ümlaut"],
        ["second", "row"],
    ]


def test_the_byte_order_mark_is_written_once() -> None:
    assert "".join(csv_lines([["a"], ["b"]])).count("\ufeff") == 1
