"""Messages to the workers. Each is only a hint: losing one costs the time until the next beat, never a job."""

from uuid import UUID

from django.db import transaction

from generations.common.debounce import Debouncer
from generations.common.failpoints import failpoint
from generations.common.messages import send_message


def hint_dispatch() -> None:
    """Say that something waits. Whoever submitted does not wait for the message, and many submits share one."""
    transaction.on_commit(_dispatch.trigger)


def hint_send(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.send_generation", str(generation_id), fence)


def hint_save(generation_id: UUID, fence: int) -> None:
    _after_commit("generations.save_generation", str(generation_id), fence)


def _after_commit(task: str, *args: object) -> None:
    transaction.on_commit(lambda: _send(task, *args))


def _send(task: str, *args: object) -> None:
    failpoint("hint.committed")
    send_message(task, *args)


_dispatch = Debouncer(lambda: _send("generations.dispatch_due"))
