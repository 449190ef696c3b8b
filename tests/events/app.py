"""The events process with short intervals, so that tests are fast; RECHECK sets the one that a test needs long."""

import os

import django

django.setup(set_prefix=False)

from generations.accounts.sessions import access_team_by_session  # noqa: E402
from generations.accounts.stream_access import authorize_subscriber, reauthorize_subscriber  # noqa: E402
from generations.events.streams.api_stream import ApiStream  # noqa: E402
from generations.events.streams.page_stream import PageStream  # noqa: E402
from generations.events.streams.server import EventsServer  # noqa: E402

RECHECK = float(os.environ.get("RECHECK", "0.5"))

application = EventsServer(
    PageStream(
        authorize=lambda session_key, slug: access_team_by_session(session_key, slug).team_id,
        heartbeat=0.5,
        recheck=RECHECK,
        send_timeout=1,
        idle=1,
    ),
    api=ApiStream(
        authorize=authorize_subscriber,
        reauthorize=reauthorize_subscriber,
        heartbeat=0.5,
        poll=0.5,
        recheck=RECHECK,
        send_timeout=1,
        idle=1,
    ),
)
