"""The live events with short times, so that tests need not wait for long ones; RECHECK names one that is long."""

import os

import django

django.setup(set_prefix=False)

from generations.accounts import listeners  # noqa: E402
from generations.accounts.sessions import access_team_by_session  # noqa: E402
from generations.events.programs.streams import ProgramStreams  # noqa: E402
from generations.events.server import EventsServer  # noqa: E402
from generations.events.stream import EventStreams  # noqa: E402

RECHECK = float(os.environ.get("RECHECK", "0.5"))

application = EventsServer(
    EventStreams(
        admit=lambda session_key, slug: access_team_by_session(session_key, slug).team_id,
        heartbeat=0.5,
        recheck=RECHECK,
        send_timeout=1,
        idle=1,
    ),
    api=ProgramStreams(access=listeners, heartbeat=0.5, look=0.5, recheck=RECHECK, send_timeout=1, idle=1),
)
