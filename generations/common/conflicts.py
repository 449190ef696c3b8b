"""Two statements that stand in each other's way: PostgreSQL ends one of them, which may simply begin again."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import OperationalError, transaction

Answer = TypeVar("Answer")
TRIES = 3
# serialization_failure, deadlock_detected
_CONFLICTS = {"40001", "40P01"}

log = structlog.get_logger(__name__)


def in_one_statement(work: Callable[[], Answer], *, tries: int = TRIES) -> Answer:
    """Do work that is a single statement, a transaction by itself, and again when it lost a conflict; `tries` times at
    most. Inside of a transaction the loss is that one's, and is raised.
    """
    if transaction.get_connection().in_atomic_block:
        return transaction.atomic(work)()
    for left in range(tries - 1, -1, -1):
        try:
            return work()
        except OperationalError as error:
            if not left or getattr(error.__cause__, "sqlstate", None) not in _CONFLICTS:
                raise
            log.warning("conflict_lost", error=str(error).partition("\n")[0])
    raise AssertionError("unreachable")
