from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data_dirs import fresh_data_dir, used_data_dir


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with fresh_data_dir() as folder:
        yield folder


@pytest.fixture
def used_dir() -> Iterator[Path]:
    with used_data_dir() as folder:
        yield folder
