"""Migrations, static files and demo data: `python -m project.stack.upgrade` updates all of them in one process.

`UpgradeStamp` tells whether this is necessary: an upgrade takes seconds, a look at the source files milliseconds.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from project.env import ROOT

SOURCES = ("generations", "project", "static")


class UpgradeStamp:
    """A file beside the data with the fingerprint of the sources that last upgraded it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = stamp_path(data_dir)
        self._static = data_dir / "static"
        self._current = _fingerprint()

    def is_current(self) -> bool:
        return self._static.is_dir() and self._path.is_file() and self._path.read_text() == self._current

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def write(self) -> None:
        self._path.write_text(self._current)


def stamp_path(data_dir: Path) -> Path:
    return data_dir / "run" / "prepared"


def _fingerprint() -> str:
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted(_source_files()):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix != ".pyc" and path.is_file():
                yield path


def main() -> None:
    # Imported here, because the supervisor imports this module and does not need Django.
    import django
    from django.conf import settings
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    if settings.IS_DEMO:
        call_command("seed_demo")


if __name__ == "__main__":
    main()
