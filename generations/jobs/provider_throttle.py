"""How many jobs the provider accepts at a time, learned from its responses and shared by all workers in one row.

Additive increase, multiplicative decrease: a round of accepted jobs adds one to the concurrency; a report of overload
halves it, at most once per interval. When the provider refuses our account the circuit opens: only one probe at a time
is sent, at growing intervals, until one is accepted. All times are the database's.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Least, Now

from generations.common.clock import database_time
from generations.events.staff_alerts import close_alert, open_alert

from .models import Attempt, Circuit, Generation, ProviderThrottle
from .transitions import unpark

# A burst of refusals with the same cause halves once.
MIN_TIME_BETWEEN_HALVINGS = timedelta(seconds=5)
FIRST_PROBE_INTERVAL = timedelta(minutes=1)
MAX_PROBE_INTERVAL = timedelta(minutes=30)
ALERT = "provider_account"


@dataclass(frozen=True)
class Allowance:
    """How many jobs may be sent now. `is_probe`: the one job tests whether the provider account works again."""

    slots: int
    is_probe: bool = False


def throttle_for(provider: str) -> ProviderThrottle:
    """Return the row of this provider (a base URL), creating it on first use."""
    throttle, _ = ProviderThrottle.objects.get_or_create(
        provider=provider, defaults={"concurrency": float(settings.PROVIDER_CONCURRENCY)}
    )
    return throttle


def allowance(provider: str) -> Allowance:
    """Return what may be sent now. Call it under the dispatcher's lock, or two callers count the same free slot."""
    throttle = throttle_for(provider)
    waits = ProviderThrottle.objects.filter(pk=throttle.pk, not_before__gt=Now()).exists()
    if throttle.circuit == Circuit.OPEN:
        return Allowance(1, is_probe=True) if not waits and _claim_probe(throttle) else Allowance(0)
    if waits:
        return Allowance(0)
    limit = min(int(throttle.concurrency), settings.PROVIDER_CONCURRENCY)
    free = limit - Generation.objects.at_provider().count()
    return Allowance(max(0, min(free, _remaining_this_minute(provider))))


def record_accepted(provider: str) -> None:
    """Raise the concurrency a little after an accepted job, and close the circuit if it was open."""
    throttle = throttle_for(provider)
    ProviderThrottle.objects.filter(pk=throttle.pk).update(
        concurrency=Least(F("concurrency") + 1 / F("concurrency"), Value(float(settings.PROVIDER_CONCURRENCY))),
        not_before=None,
    )
    if throttle.circuit == Circuit.OPEN:
        close_circuit(provider)


def record_overload(provider: str, retry_after: float | None) -> None:
    """Halve the concurrency after a report of overload; all processes wait for `retry_after` seconds."""
    throttle = throttle_for(provider)
    is_new = Q(halved_at__isnull=True) | Q(halved_at__lt=database_time(-MIN_TIME_BETWEEN_HALVINGS))
    ProviderThrottle.objects.filter(is_new, pk=throttle.pk).update(
        concurrency=Greatest(F("concurrency") / 2, Value(1.0)), halved_at=Now()
    )
    if retry_after:
        until = database_time(timedelta(seconds=retry_after))
        ProviderThrottle.objects.filter(pk=throttle.pk).update(not_before=Greatest(F("not_before"), until))


@transaction.atomic
def open_circuit(provider: str, reason: str) -> None:
    """Send only probes, at growing intervals, because the provider refuses our account. Alert staff once."""
    throttle = ProviderThrottle.objects.select_for_update().get(pk=throttle_for(provider).pk)
    throttle.probes = throttle.probes + 1 if throttle.circuit == Circuit.OPEN else 0
    wait = min(FIRST_PROBE_INTERVAL * 2**throttle.probes, MAX_PROBE_INTERVAL)
    ProviderThrottle.objects.filter(pk=throttle.pk).update(
        circuit=Circuit.OPEN,
        reason=reason,
        probes=throttle.probes,
        probe_at=database_time(wait),
        opened_at=Case(When(circuit=Circuit.CLOSED, then=Now()), default=F("opened_at")),
    )
    open_alert(ALERT, f"The provider rejected our account: {reason} Jobs are paused. Nothing is lost.")


@transaction.atomic
def close_circuit(provider: str) -> None:
    """Resume sending: the provider account works again. Parked jobs return to the queue."""
    ProviderThrottle.objects.filter(pk=throttle_for(provider).pk).update(
        circuit=Circuit.CLOSED, opened_at=None, probe_at=None, probes=0, reason="", not_before=None
    )
    unpark()
    close_alert(ALERT)


def _claim_probe(throttle: ProviderThrottle) -> bool:
    """Claim the due probe, so that one of several dispatchers sends it. It is due again later if it had no result."""
    due = ProviderThrottle.objects.filter(pk=throttle.pk, circuit=Circuit.OPEN, probe_at__lte=Now())
    return bool(due.update(probe_at=database_time(FIRST_PROBE_INTERVAL)))


def _remaining_this_minute(provider: str) -> int:
    if not settings.PROVIDER_RATE:
        return settings.PROVIDER_CONCURRENCY
    started = Attempt.objects.filter(provider=provider, started_at__gt=database_time(-timedelta(minutes=1))).count()
    return max(0, settings.PROVIDER_RATE - started)
