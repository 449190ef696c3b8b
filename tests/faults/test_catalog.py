"""The tests that the fault catalog names exist."""

import re
from pathlib import Path

CATALOG = Path(__file__).with_name("README.md")


def test_every_row_names_existing_tests() -> None:
    missing = []
    for row in re.findall(r"^\| \d+ .*", CATALOG.read_text(), re.MULTILINE):
        path = None
        for name, test in re.findall(r"`([\w./]*\.py)?(?:::([\w:]+))?`", row):
            path = _find(name) if name else path
            last = test.rpartition("::")[2]
            if path is None or (last and not re.search(rf"(def|class) {last}\b", path.read_text())):
                missing.append(f"{name}::{test}" if test else name)
    assert missing == []


def _find(name: str) -> Path | None:
    """A file of this folder, or of the folder of all tests."""
    places = (CATALOG.parent / name, CATALOG.parent.parent / name)
    return next((path for path in places if path.is_file()), None)
