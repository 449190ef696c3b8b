"""ASGI entry point of the events process: streams stay open, and pages are faster under WSGI."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.production")
django.setup(set_prefix=False)

from generations.accounts.sessions import access_team_by_session  # noqa: E402
from generations.accounts.stream_access import authorize_subscriber, reauthorize_subscriber  # noqa: E402
from generations.events.streams.api_stream import ApiStream  # noqa: E402
from generations.events.streams.page_stream import PageStream  # noqa: E402
from generations.events.streams.server import EventsServer  # noqa: E402

application = EventsServer(
    PageStream(authorize=lambda session_key, slug: access_team_by_session(session_key, slug).team_id),
    api=ApiStream(authorize=authorize_subscriber, reauthorize=reauthorize_subscriber),
)
