import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embedded import FOLDER


@contextmanager
def fresh_data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, where the suite keeps its own: memory, if there is plenty."""
    folder = Path(tempfile.mkdtemp(dir=os.environ[FOLDER]))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with fresh_data_dir() as folder:
        yield folder
