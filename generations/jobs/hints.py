"""Messages to the workers. Each is only a hint: losing one costs the time until the next beat, never a job."""

from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from generations.common.points import reach

log = structlog.get_logger(__name__)


def hint_dispatch() -> None:
    _after_commit("generations.dispatch_due")


def hint_send(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.send_generation", str(generation_id), fence)


def hint_save(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.save_generation", str(generation_id), fence)


def _after_commit(task: str, *args: object) -> None:
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[object, ...]) -> None:
    reach("hint.committed")
    try:
        current_app.send_task(task, args=args, retry=False)
    except OperationalError as error:
        log.warning("hint_lost", task=task, error=str(error))
