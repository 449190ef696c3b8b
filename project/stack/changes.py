"""Whether anything changed since database and static files were last brought up to date."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from project.env import ROOT

SOURCES = ("generations", "project", "static")


class Preparation:
    """A stamp beside the data. Preparing takes seconds, looking at the sources takes milliseconds."""

    def __init__(self, data_dir: Path) -> None:
        self._stamp = data_dir / "run" / "prepared"
        self._static = data_dir / "static"
        self._current = _fingerprint()

    def is_current(self) -> bool:
        return self._static.is_dir() and self._stamp.is_file() and self._stamp.read_text() == self._current

    def forget(self) -> None:
        self._stamp.unlink(missing_ok=True)

    def note(self) -> None:
        self._stamp.write_text(self._current)


def _fingerprint() -> str:
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted(_files()):
        facts = path.stat()
        digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix != ".pyc" and path.is_file():
                yield path
