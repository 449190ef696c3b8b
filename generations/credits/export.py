"""What a person has done to the books, as plain values."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from generations.accounts.models import User

from .models import LedgerEntry

FACTS = ("id", "kind", "posted_change", "held_change", "reason", "created_at")


def entries_of(user: User) -> Iterator[dict[str, Any]]:
    """The ledger entries that the person wrote or caused by a job, oldest first, with the slug of the team."""
    rows = LedgerEntry.objects.filter(Q(actor=user) | Q(hold__user=user)).order_by("id")
    for row in rows.values(*FACTS, "wallet__team__slug", "hold__reference").iterator(chunk_size=500):
        yield {"team": row.pop("wallet__team__slug"), "generation": row.pop("hold__reference"), **row}
