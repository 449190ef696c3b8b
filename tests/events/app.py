"""The live events with short times, so that tests need not wait for long ones."""

import django

django.setup(set_prefix=False)

from generations.accounts.sessions import access_team_by_session  # noqa: E402
from generations.events.stream import EventStreams  # noqa: E402

application = EventStreams(
    admit=lambda session_key, slug: access_team_by_session(session_key, slug).team_id,
    heartbeat=0.5,
    recheck=0.5,
    send_timeout=1,
    idle=1,
)
