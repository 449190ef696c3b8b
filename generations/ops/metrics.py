"""Metrics for Prometheus. Each query here uses an index or reads a small table."""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from generations.common.valkey import valkey
from generations.credits.models import Hold, HoldState, Wallet
from generations.jobs.models import ACTIVE, Generation, State

from .heartbeat import heartbeat_age

_TIMEOUT = "SET LOCAL statement_timeout = '5s'"


class StudioCollector(Collector):
    """Reads all values from the database and Valkey, so every process returns the same values."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_TIMEOUT)
            return [*_generations(), *_credits(), *_workers()]


_REGISTRY = CollectorRegistry()
_REGISTRY.register(StudioCollector())


def render_metrics() -> bytes:
    """The text of all gauges. Raises database and Valkey errors."""
    return generate_latest(_REGISTRY)


def _generations() -> list[GaugeMetricFamily]:
    active = dict.fromkeys(ACTIVE, 0) | _count_by_state(Generation.objects.in_flight())
    recent = dict.fromkeys(State, 0) | _count_by_state(Generation.objects.filter(id__gte=_min_id(timedelta(hours=1))))
    lags = Generation.objects.in_flight().aggregate(
        queued=Now() - Min("created_at", filter=Q(state=State.QUEUED)),
        due=Now() - Min("next_action_at", filter=Q(next_action_at__lte=Now())),
        unsaved=Now() - Min("state_since", filter=Q(state=State.SAVING, lease_until=None, failures=0)),
        lost=Count("id", filter=Q(lease_until__lt=Now())),
    )
    return [
        _labeled("generations", "Generations in progress.", "state", active),
        _labeled("generations_last_hour", "Generations submitted within the last hour.", "state", recent),
        _gauge("oldest_queued_seconds", "Age of the oldest queued generation.", _seconds(lags["queued"])),
        _gauge("overdue_seconds", "How long the most overdue generation waits for a worker.", _seconds(lags["due"])),
        _gauge("oldest_unsaved_seconds", "How long a finished video waits to be saved.", _seconds(lags["unsaved"])),
        _gauge("leases_expired", "Generations whose lease has expired.", lags["lost"]),
    ]


def _credits() -> list[GaugeMetricFamily]:
    holds = Hold.objects.filter(state=HoldState.PENDING).aggregate(count=Count("id"), credits=Sum("amount"))
    wallets = Wallet.objects.aggregate(count=Count("id"), posted=Sum("posted"), held=Sum("held"))
    return [
        _gauge("holds_pending", "Pending holds: neither captured nor released.", holds["count"]),
        _gauge("holds_pending_credits", "Credits in pending holds.", holds["credits"] or 0),
        _gauge("wallets", "Wallets.", wallets["count"]),
        _gauge("credits_posted", "Credits of all teams.", wallets["posted"] or 0),
        _gauge("credits_held", "Part of these credits that is on hold.", wallets["held"] or 0),
    ]


def _workers() -> list[GaugeMetricFamily]:
    queues = (settings.CELERY_TASK_DEFAULT_QUEUE, settings.MEDIA_QUEUE, settings.WEBHOOKS_QUEUE)
    messages: Any = {queue: valkey().llen(queue) for queue in queues}
    age = heartbeat_age()
    return [
        _labeled("broker_messages", "Messages that wait for a worker.", "queue", messages),
        _gauge(
            "heartbeat_age_seconds",
            "Time since a worker finished the heartbeat task. NaN if none ever did.",
            float("nan") if age is None else age,
        ),
    ]


def _count_by_state(rows: Any) -> dict[str, int]:
    return dict(rows.order_by().values_list("state").annotate(Count("id")))


def _min_id(age: timedelta) -> UUID:
    """The smallest version 7 UUID of that time. Ids sort by time, so the primary key serves as a date index."""
    return UUID(int=int((time.time() - age.total_seconds()) * 1000) << 80)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"dailies_{name}", text, value=value)


def _labeled(name: str, text: str, label: str, values: Mapping[Any, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dailies_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family


def _seconds(age: timedelta | None) -> float:
    return age.total_seconds() if age else 0.0
