"""Celery's side of the jobs. A task delivered twice, late or out of order does no harm."""

from uuid import UUID

import structlog
from celery import shared_task

from . import books, dispatch, polling, purge, saving, sending
from .leases import LostLeaseError

log = structlog.get_logger(__name__)


@shared_task(name="generations.dispatch_due")
def dispatch_due() -> None:
    if mine := dispatch.dispatch_due():
        send_generation(str(mine[0]), mine[1])


@shared_task(name="generations.poll_due")
def poll_due() -> None:
    polling.poll_due()


@shared_task(name="generations.send_generation")
def send_generation(generation_id: str, fence: int) -> None:
    structlog.contextvars.bind_contextvars(generation_id=generation_id)
    try:
        sending.send_generation(UUID(generation_id), fence)
    except LostLeaseError:
        log.info("lease_lost")


@shared_task(name="generations.save_generation")
def save_generation(generation_id: str, fence: int) -> None:
    structlog.contextvars.bind_contextvars(generation_id=generation_id)
    try:
        saving.save_generation(UUID(generation_id), fence)
    except LostLeaseError:
        log.info("lease_lost")


@shared_task(name="generations.check_books")
def check_books() -> None:
    books.check_books()


@shared_task(name="generations.purge_teams")
def purge_teams() -> None:
    purge.purge_ended_teams()
