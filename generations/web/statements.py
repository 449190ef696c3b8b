"""Statements, newest first: of the team's wallet for who manages it, of their own jobs for everybody else."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from generations.accounts.models import Membership
from generations.common.cursors import BadCursorError
from generations.credits.models import Hold, LedgerEntry

PAGE_SIZE = 50

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Statement(Generic[Row]):
    rows: list[Row]
    next_before: int | None


def team_statement(membership: Membership, *, before: str | None) -> Statement[LedgerEntry]:
    """Every change of the team's wallet with the balances it left. Raises BadCursorError."""
    entries = LedgerEntry.objects.filter(wallet__team=membership.team_id)
    return _page(entries.select_related("actor", "hold__user", "hold__generation"), before)


def own_statement(membership: Membership, *, before: str | None) -> Statement[Hold]:
    """What the member's own jobs held, charged and gave back. Raises BadCursorError."""
    holds = Hold.objects.filter(wallet__team=membership.team_id, user=membership.user_id)
    return _page(holds.select_related("generation"), before)


def _page(rows: QuerySet[Row], before: str | None) -> Statement[Row]:
    if before:
        rows = rows.filter(pk__lt=read_key(before))
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    return Statement(found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def read_key(before: str) -> int:
    """An id out of an address. Raises BadCursorError."""
    if not (before.isascii() and before.isdigit() and len(before) <= 18):
        raise BadCursorError
    return int(before)
