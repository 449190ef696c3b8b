"""The Celery tasks of the jobs. Each may run twice, late or out of order without harm."""

from uuid import UUID

import structlog
from celery import shared_task

from . import dispatch, polling, reconciliation, saving, sending, team_deletion
from .transitions import LostLeaseError

log = structlog.get_logger(__name__)


@shared_task(name="generations.dispatch_due")
def dispatch_due() -> None:
    if own := dispatch.dispatch_due():
        send_generation(str(own[0]), own[1])


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
    reconciliation.check_books()


@shared_task(name="generations.purge_teams")
def purge_teams() -> None:
    team_deletion.purge_deleted_teams()
