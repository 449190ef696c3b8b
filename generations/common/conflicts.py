"""Two transactions that stand in each other's way: PostgreSQL ends one of them, which may simply begin again."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import OperationalError, transaction

Answer = TypeVar("Answer")
TRIES = 3
# serialization_failure, deadlock_detected
_CONFLICTS = {"40001", "40P01"}

log = structlog.get_logger(__name__)


def in_one_transaction(work: Callable[[], Answer], *, tries: int = TRIES) -> Answer:
    """Do the work in a transaction, and again from its beginning when it lost a conflict; `tries` times at most.

    Inside of another transaction the loss is that one's, and is raised.
    """
    return _until_won(transaction.atomic(work), tries)


def in_one_statement(work: Callable[[], Answer], *, tries: int = TRIES) -> Answer:
    """The same for work that is a single statement, which is a transaction by itself and needs no BEGIN and COMMIT."""
    is_inside = transaction.get_connection().in_atomic_block
    return _until_won(transaction.atomic(work) if is_inside else work, tries)


def _until_won(work: Callable[[], Answer], tries: int) -> Answer:
    is_outermost = not transaction.get_connection().in_atomic_block
    for left in range(tries - 1, -1, -1):
        try:
            return work()
        except OperationalError as error:
            if not (left and is_outermost and getattr(error.__cause__, "sqlstate", None) in _CONFLICTS):
                raise
            log.warning("conflict_lost", error=str(error).partition("\n")[0])
    raise AssertionError("unreachable")
