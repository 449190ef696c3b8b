"""Retry a statement that lost a conflict in PostgreSQL."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import OperationalError, transaction

Result = TypeVar("Result")
MAX_ATTEMPTS = 3
# serialization_failure, deadlock_detected
_CONFLICT_STATES = {"40001", "40P01"}

log = structlog.get_logger(__name__)


def retry_on_conflict(work: Callable[[], Result], *, attempts: int = MAX_ATTEMPTS) -> Result:
    """Run `work`, and run it again after a deadlock or a serialization failure, `attempts` times at most.

    `work` must be one statement or one transaction. Inside an open transaction the conflict has ended that
    transaction, so the error is raised at once.
    """
    if transaction.get_connection().in_atomic_block:
        return transaction.atomic(work)()
    for remaining in range(attempts - 1, -1, -1):
        try:
            return work()
        except OperationalError as error:
            if not remaining or getattr(error.__cause__, "sqlstate", None) not in _CONFLICT_STATES:
                raise
            log.warning("conflict_lost", error=str(error).partition("\n")[0])
    raise AssertionError("unreachable")
