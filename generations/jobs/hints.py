"""Messages to the workers. Each is only a hint: losing one costs the time until the next beat, never a job."""

from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from kombu.pools import producers
from redis import RedisError

from generations.common.bell import Bell
from generations.common.points import reach
from generations.common.valkey import Pause

# Somebody's page waits for it, unlike for a worker's own connection.
_IMPATIENT = {"socket_timeout": 1, "socket_connect_timeout": 1}

log = structlog.get_logger(__name__)
_pause = Pause()


def hint_dispatch() -> None:
    """Say that something waits. Whoever submitted does not wait for the message, and many submits share one."""
    transaction.on_commit(_dispatch.strike)


def hint_send(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.send_generation", str(generation_id), fence)


def hint_save(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.save_generation", str(generation_id), fence)


def _after_commit(task: str, *args: object) -> None:
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[object, ...]) -> None:
    reach("hint.committed")
    if _pause.is_on:
        return
    try:
        connection = current_app.connection_for_write(transport_options=_IMPATIENT)
        with producers[connection].acquire(block=True) as producer:
            current_app.send_task(task, args=args, producer=producer, retry=False)
    except (KombuError, RedisError, OSError) as error:
        _pause.begin()
        log.warning("hint_lost", task=task, error=type(error).__name__)


_dispatch = Bell(lambda: _publish("generations.dispatch_due", ()))
