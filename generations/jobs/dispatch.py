"""Find the generations that are due and hand them to workers.

Queued ones are sent in fair order, as far as the provider's throttle allows. Jobs whose worker died are handed to
another worker; jobs that keep killing their workers are quarantined. A message is only a hint: if it is lost, the next
run of the dispatcher finds the row.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from generations.common.debounce import Debouncer
from generations.common.failpoints import failpoint
from generations.common.messages import send_message
from generations.events.staff_alerts import open_alert

from .models import Generation, State
from .provider_throttle import allowance
from .queue import lock_next
from .transitions import Lease, fail_generation, start_sending, unpark

MAX_DISPATCHED = 50
# One dispatcher counts and claims at a time, because two would both count the same free slot. The lock is only tried: a
# worker that is suspended while it holds the lock must not stop the others.
_DISPATCH_LOCK = 7_310_001

# An expired lease means that its worker died. An offered row that nobody acquired only waited behind other messages.
# Raw SQL: Django's ORM has no UPDATE … FROM a locked subquery with RETURNING, and this runs for every batch of polls.
_RAISE_FENCES = """
WITH due AS (
    SELECT id, lease_until IS NOT NULL AS is_lost FROM generations_generation
    WHERE state = ANY(%(states)s) AND next_action_at <= statement_timestamp()
        AND (lease_until IS NULL OR lease_until <= statement_timestamp())
    ORDER BY next_action_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE generations_generation g
SET fence = g.fence + 1,
    lease_until = CASE WHEN %(is_claim)s THEN statement_timestamp() + make_interval(secs => %(lease)s) END,
    next_action_at = statement_timestamp() + make_interval(secs => %(lease)s),
    losses = CASE WHEN due.is_lost THEN g.losses + 1 ELSE g.losses END
FROM due WHERE g.id = due.id
RETURNING g.id, g.fence
"""


def dispatch_due() -> tuple[UUID, int] | None:
    """Claim what is due and notify a worker for each job except one queued job, which the caller sends itself.

    On an idle system this saves one message on the way to the provider. Two calls at once do the work of one.
    """
    _dispatch_abandoned()
    return _dispatch_queued()


@transaction.atomic
def start_next() -> tuple[UUID, int] | None:
    """Move the next queued generation to `submitting`. Return its id and new fence; None if none is due."""
    row = lock_next()
    return (row[0], start_sending(*row)) if row else None


def claim_due(states: list[str], *, limit: int) -> list[tuple[UUID, int]]:
    """Lease up to `limit` due generations in these states and return ids with their new fences."""
    return _raise_fences(states, limit=limit, is_claim=True)


def offer_due(states: list[str], *, limit: int) -> list[tuple[UUID, int]]:
    """Like `claim_due`, but the worker that receives the message acquires the lease. Due again if none does in time."""
    return _raise_fences(states, limit=limit, is_claim=False)


def notify_dispatcher() -> None:
    """Notify the dispatcher after the commit that a job waits. Runs in the background; many calls share one message."""
    transaction.on_commit(_dispatcher.trigger)


def notify_worker(generation_id: UUID, fence: int) -> None:
    """Ask a worker after the commit to send this generation to the provider."""
    _send_after_commit("generations.send_generation", generation_id, fence)


def notify_media_worker(generation_id: UUID, fence: int) -> None:
    """Ask a media worker after the commit to save the video of this generation."""
    _send_after_commit("generations.save_generation", generation_id, fence)


@transaction.atomic
def quarantine(generation: Generation, lease: Lease) -> None:
    """Fail a generation whose workers keep dying and alert staff. They can still ask the provider for its video."""
    fail_generation(
        generation,
        lease,
        error_type="poison",
        message="This job failed repeatedly. Your credits were refunded and the administrator was notified.",
        may_have_cost=True,
    )
    open_alert("poison", f"A job was stopped because it crashed its worker repeatedly: {generation.pk}.")


def _raise_fences(states: list[str], *, limit: int, is_claim: bool) -> list[tuple[UUID, int]]:
    values: dict[str, Any] = {
        "states": states,
        "limit": limit,
        "lease": settings.LEASE.total_seconds(),
        "is_claim": is_claim,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RAISE_FENCES, values)
        return list(cursor.fetchall())


@transaction.atomic
def _dispatch_queued() -> tuple[UUID, int] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_DISPATCH_LOCK])
        (is_only_dispatcher,) = cursor.fetchone()
    if not is_only_dispatcher:
        return None
    allowed = allowance(settings.PROVIDER_URL)
    if allowed.is_probe:
        _unpark_oldest()
    started: list[tuple[UUID, int]] = []
    while len(started) < allowed.slots and (row := start_next()):
        started.append(row)
    for generation_id, fence in started[1:]:
        notify_worker(generation_id, fence)
    return started[0] if started else None


def _unpark_oldest() -> None:
    """Use the oldest parked job as the probe that finds out whether the provider account works again."""
    oldest = Generation.objects.filter(state=State.PARKED).order_by("created_at").values_list("pk", flat=True)[:1]
    unpark(list(oldest))


@transaction.atomic
def _dispatch_abandoned() -> None:
    """Hand on the jobs whose worker never started or died, and the unconfirmed ones that are due."""
    for generation_id, fence in offer_due([State.SUBMITTING, State.UNCONFIRMED], limit=MAX_DISPATCHED):
        notify_worker(generation_id, fence)
    for generation_id, fence in offer_due([State.SAVING], limit=MAX_DISPATCHED):
        notify_media_worker(generation_id, fence)


def _send_after_commit(task: str, generation_id: UUID, fence: int) -> None:
    transaction.on_commit(lambda: _send(task, str(generation_id), fence))


def _send(task: str, *args: object) -> None:
    failpoint("hint.committed")
    send_message(task, *args)


_dispatcher = Debouncer(lambda: _send("generations.dispatch_due"))
