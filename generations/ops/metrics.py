"""The studio in figures, as Prometheus reads them. Every query here walks an index or a small table."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Now

from generations.common.valkey import valkey
from generations.credits.models import Hold, HoldState, Wallet
from generations.jobs.models import ACTIVE, Generation, State

from .canary import canary_age

_TIMEOUT = "SET LOCAL statement_timeout = '5s'"


@dataclass(frozen=True)
class Gauge:
    """One figure, or one for each value of a label. None means that it cannot be told."""

    name: str
    help: str
    values: dict[str, float | None] = field(default_factory=dict)
    label: str = ""

    def lines(self) -> Iterable[str]:
        yield f"# HELP dailies_{self.name} {self.help}"
        yield f"# TYPE dailies_{self.name} gauge"
        for key, value in self.values.items():
            label = f'{{{self.label}="{key}"}}' if self.label else ""
            yield f"dailies_{self.name}{label} {'NaN' if value is None else format(value, '.15g')}"


def render_metrics() -> str:
    """Return the text of all gauges. Raises database and Valkey errors."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_TIMEOUT)
        gauges = [*_generations(), *_credits(), *_workers()]
    return "\n".join(line for gauge in gauges for line in gauge.lines()) + "\n"


def _generations() -> list[Gauge]:
    active = dict.fromkeys(ACTIVE, 0) | _count_by_state(Generation.objects.in_flight())
    recent = dict.fromkeys(State, 0) | _count_by_state(
        Generation.objects.filter(id__gte=_oldest_id(timedelta(hours=1)))
    )
    lags = Generation.objects.in_flight().aggregate(
        queued=Now() - Min("created_at", filter=Q(state=State.QUEUED)),
        due=Now() - Min("next_action_at", filter=Q(next_action_at__lte=Now())),
        unsaved=Now() - Min("state_since", filter=Q(state=State.SAVING, lease_until=None, failures=0)),
        lost=Count("id", filter=Q(lease_until__lt=Now())),
    )
    return [
        Gauge("generations", "Generations under way.", _floats(active), "state"),
        Gauge("generations_last_hour", "Generations submitted within the last hour.", _floats(recent), "state"),
        _one("oldest_queued_seconds", "Age of the oldest generation that waits here.", _seconds(lags["queued"])),
        _one("overdue_seconds", "How long the most overdue generation waits for a worker.", _seconds(lags["due"])),
        _one("oldest_unsaved_seconds", "How long a finished video waits for a saver.", _seconds(lags["unsaved"])),
        _one("leases_expired", "Generations whose worker has not come back.", lags["lost"]),
    ]


def _credits() -> list[Gauge]:
    holds = Hold.objects.filter(state=HoldState.PENDING).aggregate(count=Count("id"), credits=Sum("amount"))
    wallets = Wallet.objects.aggregate(count=Count("id"), posted=Sum("posted"), held=Sum("held"))
    return [
        _one("holds_pending", "Holds that are neither charged nor returned.", holds["count"]),
        _one("holds_pending_credits", "Credits in pending holds.", holds["credits"] or 0),
        _one("wallets", "Wallets.", wallets["count"]),
        _one("credits_posted", "Credits that teams own.", wallets["posted"] or 0),
        _one("credits_held", "Credits of these that are held.", wallets["held"] or 0),
    ]


def _workers() -> list[Gauge]:
    queues = (settings.CELERY_TASK_DEFAULT_QUEUE, settings.SAVING_QUEUE, settings.WEBHOOKS_QUEUE)
    messages: Any = {queue: valkey().llen(queue) for queue in queues}
    return [
        Gauge("broker_messages", "Messages that wait for a worker.", messages, "queue"),
        _one("canary_age_seconds", "Time since a worker finished the canary task.", canary_age()),
    ]


def _count_by_state(rows: Any) -> dict[str, int]:
    return dict(rows.order_by().values_list("state").annotate(Count("id")))


def _oldest_id(age: timedelta) -> UUID:
    """The smallest version 7 UUID of that moment: ids sort by time, so the primary key serves as a date index."""
    return UUID(int=int((time.time() - age.total_seconds()) * 1000) << 80)


def _floats(counts: dict[Any, int]) -> dict[str, float | None]:
    return {str(key): float(value) for key, value in counts.items()}


def _one(name: str, text: str, value: float | None) -> Gauge:
    return Gauge(name, text, {"": value})


def _seconds(age: timedelta | None) -> float:
    return age.total_seconds() if age else 0.0
