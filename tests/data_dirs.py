"""Data folders for `make run`, where the suite keeps its own: in memory, if there is plenty."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.embedded import FOLDER
from tests.stack import StackProcess


@contextmanager
def fresh_data_dir() -> Iterator[Path]:
    """One that does not exist yet."""
    folder = Path(tempfile.mkdtemp(dir=os.environ[FOLDER]))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def used_data_dir() -> Iterator[Path]:
    """One on which it has run before: what is made at a first start is there already."""
    with fresh_data_dir() as data_dir:
        shutil.copytree(_ran_before(), data_dir)
        yield data_dir


def _ran_before() -> Path:
    """Made by whichever test process is the first to ask; the others wait for it."""
    folder = Path(os.environ[FOLDER])
    made = folder / "ran-before"
    with (folder / "ran-before.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            draft = folder / "running"
            with StackProcess(draft) as stack:
                assert stack.stop() == 0, stack.output
            (draft / "run" / "ports.json").unlink()  # or every copy would want the same ones
            draft.rename(made)
    return made
