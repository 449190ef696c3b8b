"""Bring database, static files and demo data up to date in one process: `python -m project.stack.prepare`."""

import os

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    if settings.IS_DEMO:
        call_command("seed_demo")


if __name__ == "__main__":
    main()
