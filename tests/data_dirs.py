"""Data folders for `make run` in the folder of the test suite: in memory, if there is enough."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tests.embedded import FOLDER
from tests.stack import StackProcess


@contextmanager
def fresh_data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet."""
    folder = Path(tempfile.mkdtemp(dir=os.environ[FOLDER]))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def used_data_dir() -> Iterator[Path]:
    """A data folder that `make run` has used before, so that the slow first start is done."""
    with fresh_data_dir() as data_dir:
        shutil.copytree(_template(), data_dir)
        yield data_dir


def _template() -> Path:
    """Created by the first test process that needs it. The others wait."""
    folder = Path(os.environ[FOLDER])
    template = folder / "data-template"
    with FileLock(folder / "data-template.lock"):
        if not template.exists():
            draft = folder / "running"
            with StackProcess(draft) as stack:
                assert stack.stop() == 0, stack.output
            (draft / "run" / "ports.json").unlink()  # otherwise every copy would use the same ports
            draft.rename(template)
    return template
