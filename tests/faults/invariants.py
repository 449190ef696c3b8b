"""The rules that must hold after every fault."""

from collections import Counter

from django.db.models import Count, Q

from generations.credits.models import Hold, HoldState, Wallet
from generations.jobs.models import Attempt, Generation, Outcome, State
from generations.jobs.reconciliation import audit_books

from .cluster import Cluster, wait_until


def check_all_settled(cluster: Cluster) -> None:
    """Every job is finished or refunded, exactly once. Waits for jobs in progress."""
    wait_until(lambda: not Generation.objects.in_flight().exists(), what=lambda: f"the end of {_unfinished()}")
    check_books()
    assert Wallet.objects.exclude(held=0).count() == 0
    posts = Counter(request.headers["idempotency-key"] for request in cluster.provider.requests("submit"))
    if not cluster.provider_honors_keys:
        assert [key for key, count in posts.items() if count > 1] == [], "an attempt was posted twice"


def check_books() -> None:
    """The rules that hold at any time, also while jobs are in progress."""
    assert [str(finding) for finding in audit_books()] == []
    assert not Wallet.objects.filter(Q(posted__lt=0) | Q(held__lt=0)).exists()
    live = set(Generation.objects.in_flight().filter(is_late=False).values_list("hold_id", flat=True))
    assert set(Hold.objects.filter(state=HoldState.PENDING).values_list("pk", flat=True)) == live
    accepted = Attempt.objects.filter(outcome=Outcome.ACCEPTED).values("generation").annotate(times=Count("pk"))
    assert not accepted.filter(times__gt=1).exists()
    assert not Generation.objects.filter(state=State.COMPLETED, take=None).exists()


def _unfinished() -> list[str]:
    return [f"{job.pk} ({job.state})" for job in Generation.objects.in_flight()[:10]]
