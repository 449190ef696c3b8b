"""Messages to the workers, handed over without keeping whoever sends them waiting for the broker."""

import structlog
from celery import current_app
from kombu.exceptions import KombuError
from kombu.pools import producers
from redis import RedisError

from .valkey import Pause

# Somebody's page waits for it, unlike for a worker's own connection.
_IMPATIENT = {"socket_timeout": 1, "socket_connect_timeout": 1}

log = structlog.get_logger(__name__)
_pause = Pause()


def send_message(task: str, *args: object) -> None:
    """Send at most once. A broker that is away loses the message, and for a while it is not asked again."""
    if _pause.is_on:
        log.info("message_lost", task=task, error="the broker was away a moment ago")
        return
    try:
        connection = current_app.connection_for_write(transport_options=_IMPATIENT)
        with producers[connection].acquire(block=True) as producer:
            current_app.signature(task, args=args).apply_async(producer=producer, retry=False)
    except (KombuError, RedisError, OSError) as error:
        _pause.begin()
        log.warning("message_lost", task=task, error=type(error).__name__)
