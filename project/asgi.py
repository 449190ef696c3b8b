"""Live events, a process of their own: streams stay open, and pages are faster under WSGI."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.production")
django.setup(set_prefix=False)

from generations.accounts import listeners  # noqa: E402
from generations.accounts.sessions import access_team_by_session  # noqa: E402
from generations.events.programs.streams import ProgramStreams  # noqa: E402
from generations.events.server import EventsServer  # noqa: E402
from generations.events.stream import EventStreams  # noqa: E402

application = EventsServer(
    EventStreams(admit=lambda session_key, slug: access_team_by_session(session_key, slug).team_id),
    api=ProgramStreams(access=listeners),
)
