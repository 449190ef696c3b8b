"""Check the settings, then bring database, static files and demo data up to date: `python -m project.stack.prepare`.

One process, so that all of it pays for one start of Django.
"""

import os

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    if settings.IS_DEMO:
        call_command("seed_demo")


if __name__ == "__main__":
    main()
