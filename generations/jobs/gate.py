"""How much the provider takes, told by its answers and shared by all workers through one row.

Additive increase, multiplicative decrease: each acceptance adds one to the concurrency in a round, each refusal for
too much halves it, at most once in a while. A refusal of our own account opens the circuit: nothing is sent but one
probe at a time, at growing distances, until one is accepted. All times are the database's.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Least, Now

from generations.common.clock import database_time
from generations.events.alerts import close_alert, open_alert

from .models import Attempt, Circuit, Gate, Generation
from .states import State

# A burst of refusals for the same fault halves once.
HALVE_AT_MOST_EVERY = timedelta(seconds=5)
FIRST_PROBE = timedelta(minutes=1)
LONGEST_PROBE = timedelta(minutes=30)
ALERT = "provider_account"


@dataclass(frozen=True)
class Allowance:
    """How many more may be sent now; `is_probe` when they are to find out whether the account works again."""

    slots: int
    is_probe: bool = False


def gate_of(provider: str) -> Gate:
    gate, _ = Gate.objects.get_or_create(
        provider=provider, defaults={"concurrency": float(settings.PROVIDER_CONCURRENCY)}
    )
    return gate


def allowance(provider: str) -> Allowance:
    """What may be sent now. Call it under the dispatcher's lock, or two callers count the same slot."""
    gate = gate_of(provider)
    waits = Gate.objects.filter(pk=gate.pk, not_before__gt=Now()).exists()
    if gate.circuit == Circuit.OPEN:
        return Allowance(1, is_probe=True) if not waits and _take_probe(gate) else Allowance(0)
    if waits:
        return Allowance(0)
    limit = min(int(gate.concurrency), settings.PROVIDER_CONCURRENCY)
    free = limit - Generation.objects.at_provider().count()
    return Allowance(max(0, min(free, _left_this_minute(provider))))


def note_accepted(provider: str) -> None:
    """The provider took a job: let a little more through, and close the circuit if it was open."""
    gate = gate_of(provider)
    Gate.objects.filter(pk=gate.pk).update(
        concurrency=Least(F("concurrency") + 1 / F("concurrency"), Value(float(settings.PROVIDER_CONCURRENCY))),
        not_before=None,
    )
    if gate.circuit == Circuit.OPEN:
        close_circuit(provider)


def note_too_much(provider: str, retry_after: float | None) -> None:
    """The provider has its hands full: halve what we send, and wait as long as it says, in every process."""
    gate = gate_of(provider)
    is_new = Q(halved_at__isnull=True) | Q(halved_at__lt=database_time(-HALVE_AT_MOST_EVERY))
    Gate.objects.filter(is_new, pk=gate.pk).update(
        concurrency=Greatest(F("concurrency") / 2, Value(1.0)), halved_at=Now()
    )
    if retry_after:
        until = database_time(timedelta(seconds=retry_after))
        Gate.objects.filter(pk=gate.pk).update(not_before=Greatest(F("not_before"), until))


@transaction.atomic
def open_circuit(provider: str, reason: str) -> None:
    """The provider refuses our account: send probes only, each later than the one before. Staff are told once."""
    gate = Gate.objects.select_for_update().get(pk=gate_of(provider).pk)
    gate.probes = gate.probes + 1 if gate.circuit == Circuit.OPEN else 0
    wait = min(FIRST_PROBE * 2**gate.probes, LONGEST_PROBE)
    Gate.objects.filter(pk=gate.pk).update(
        circuit=Circuit.OPEN,
        reason=reason,
        probes=gate.probes,
        probe_at=database_time(wait),
        opened_at=Case(When(circuit=Circuit.CLOSED, then=Now()), default=F("opened_at")),
    )
    open_alert(ALERT, f"The provider refuses our account: {reason} Jobs wait; nothing is lost.")


@transaction.atomic
def close_circuit(provider: str) -> None:
    """The account works again: parked jobs go back to the queue, where the fair order finds them."""
    Gate.objects.filter(pk=gate_of(provider).pk).update(
        circuit=Circuit.CLOSED, opened_at=None, probe_at=None, probes=0, reason="", not_before=None
    )
    Generation.objects.filter(state=State.PARKED).update(
        state=State.QUEUED, state_since=Now(), next_action_at=Now(), fence=F("fence") + 1
    )
    close_alert(ALERT)


def _take_probe(gate: Gate) -> bool:
    """Claim the probe that is due, so that of many dispatchers one sends it. It is due again if it tells nothing."""
    due = Gate.objects.filter(pk=gate.pk, circuit=Circuit.OPEN, probe_at__lte=Now())
    return bool(due.update(probe_at=database_time(FIRST_PROBE)))


def _left_this_minute(provider: str) -> int:
    if not settings.PROVIDER_RATE:
        return settings.PROVIDER_CONCURRENCY
    began = Attempt.objects.filter(provider=provider, started_at__gt=database_time(-timedelta(minutes=1))).count()
    return max(0, settings.PROVIDER_RATE - began)
