import csv
from io import StringIO

import pytest

from generations.common.spreadsheets import csv_lines


def read(rows: list[list[object]]) -> list[list[str]]:
    return list(csv.reader(StringIO("".join(csv_lines(rows)).removeprefix("\ufeff"))))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert read([[f"{begin}1+1"]]) == [[f"'{begin}1+1"]]


def test_figures_stay_figures() -> None:
    assert read([[-36, 0, 1.5, None]]) == [["-36", "0", "1.5", ""]]


def test_words_come_back_as_they_were() -> None:
    assert read([['He said "go", then\nleft', "ümlaut"], ["second", "row"]]) == [
        ['He said "go", then\nleft', "ümlaut"],
        ["second", "row"],
    ]


def test_the_mark_stands_once() -> None:
    assert "".join(csv_lines([["a"], ["b"]])).count("\ufeff") == 1
