#!/usr/bin/env python
import os
import sys

LOCAL = "project.settings.local"


def main() -> None:
    from django.core.management import execute_from_command_line

    if os.environ.setdefault("DJANGO_SETTINGS_MODULE", LOCAL) != LOCAL:
        execute_from_command_line(sys.argv)
        return

    from project.stack.commands import services_for  # its packages are not in the production image

    with services_for(sys.argv[1:]):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
