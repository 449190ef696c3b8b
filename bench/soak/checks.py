"""The rules that must hold at the end."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from django.db.models import Count

from generations.credits.models import Wallet
from generations.jobs.models import FINAL, Attempt, Generation, Outcome
from generations.jobs.reconciliation import audit_books
from tests.fakes.provider_state import Recorded
from tests.faults.cluster import Cluster

# Attempts with these outcomes were posted. An unknown one may have been.
POSTED = (Outcome.ACCEPTED, Outcome.REJECTED)


def wait_for_end(seconds: float) -> None:
    """Wait until no job is in progress, at most so many seconds."""
    deadline = time.monotonic() + seconds
    while Generation.objects.in_flight().exists() and time.monotonic() < deadline:
        time.sleep(0.5)


@dataclass(frozen=True)
class Result:
    states: Counter[str]
    errors: Counter[str]
    outcomes: Counter[str]
    posts: int
    violations: list[str]

    @classmethod
    def of(cls, cluster: Cluster, jobs: int) -> Self:
        posts = cluster.provider.requests("submit")
        return cls(
            states=Counter(Generation.objects.values_list("state", flat=True)),
            errors=Counter(Generation.objects.exclude(error_type="").values_list("error_type", flat=True)),
            outcomes=Counter(Attempt.objects.values_list("outcome", flat=True)),
            posts=len(posts),
            violations=[*_unsettled(jobs), *_books(), *_attempts(posts)],
        )

    def summary(self) -> str:
        lines = [f"jobs: {_listed(self.states)}", f"errors: {_listed(self.errors)}"]
        lines.append(f"attempts: {_listed(self.outcomes)}; posts received by the provider: {self.posts}")
        lines += [f"VIOLATION: {violation}" for violation in self.violations]
        return "\n".join([*lines, "failed" if self.violations else "every job is settled, and the books balance"])


def _unsettled(jobs: int) -> Iterator[str]:
    if (stored := Generation.objects.count()) != jobs:
        yield f"{jobs} jobs were submitted, {stored} are stored"
    for job in Generation.objects.exclude(state__in=FINAL):
        yield f"generation {job.pk} is still {job.state}: {job.error_message}"


def _books() -> Iterator[str]:
    yield from map(str, audit_books())
    for wallet in Wallet.objects.exclude(held=0):
        yield f"{wallet} still has {wallet.held} credits on hold"


def _attempts(posts: list[Recorded]) -> Iterator[str]:
    """Each accepted or rejected attempt is one POST, an unknown one at most one, and there is no other POST."""
    seen = Counter(post.headers["idempotency-key"] for post in posts)
    known = {str(attempt.idempotency_key): attempt for attempt in Attempt.objects.all()}
    yield from (f"attempt {key} was posted {count} times" for key, count in seen.items() if count > 1)
    yield from (f"{key} was posted without a stored attempt" for key in seen.keys() - known.keys())
    for key, attempt in known.items():
        allowed = (1,) if attempt.outcome in POSTED else (0, 1) if attempt.outcome == Outcome.UNKNOWN else (0,)
        if seen[key] not in allowed:
            yield f"attempt {key} is {attempt.outcome} but was posted {seen[key]} times"
    twice = Attempt.objects.filter(outcome=Outcome.ACCEPTED).values("generation").annotate(times=Count("pk"))
    for row in twice.filter(times__gt=1):
        yield f"generation {row['generation']} was accepted {row['times']} times"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
