"""Bring database, static files and demo data up to date in one process: `python -m project.stack.prepare`."""

import hashlib
import json
import os
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    collect_static()
    if settings.IS_DEMO and "seed_demo" in get_commands():
        call_command("seed_demo")


def collect_static() -> None:
    """Collect only when a file changed: compressing all of them takes seconds."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    current = _fingerprint()
    if stamp.is_file() and stamp.read_text() == current:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(current)


def _fingerprint() -> str:
    facts = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            facts.append((name, found.st_size, found.st_mtime_ns))
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()


if __name__ == "__main__":
    main()
