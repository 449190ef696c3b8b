"""Send Celery messages without making the sender wait for the broker."""

import structlog
from celery import current_app
from kombu.exceptions import KombuError
from kombu.pools import producers
from redis import RedisError

from .valkey import CircuitBreaker

# A page waits for this connection, so its time-outs are shorter than those of the workers' own connections.
_SHORT_TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}

log = structlog.get_logger(__name__)
_circuit_breaker = CircuitBreaker()


def send_message(task: str, *args: object) -> None:
    """Send at most once. If the broker is down, the message is lost and no other is tried for a few seconds."""
    if _circuit_breaker.is_open:
        log.info("message_lost", task=task, error="the broker failed a moment ago")
        return
    try:
        connection = current_app.connection_for_write(transport_options=_SHORT_TIMEOUTS)
        with producers[connection].acquire(block=True) as producer:
            current_app.signature(task, args=args).apply_async(producer=producer, retry=False)
    except (KombuError, RedisError, OSError) as error:
        _circuit_breaker.trip()
        log.warning("message_lost", task=task, error=type(error).__name__)
