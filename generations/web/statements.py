"""Statements, newest first: of the team's wallet for who manages it, of their own jobs for everybody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from generations.accounts.models import Membership
from generations.common.pagination import Page, numbered_page
from generations.credits.models import Hold, LedgerEntry

PAGE_SIZE = 50
STATEMENT_COLUMNS = (
    "When (UTC)",
    "Kind",
    "What",
    "Who",
    "Posted",
    "Held",
    "Posted after",
    "Held after",
    "Available after",
)


@dataclass(frozen=True)
class EntryFilter:
    """Which entries of a statement; without anything, all. Days are of the team's time zone, both included."""

    kind: str = ""
    first: date | None = None
    last: date | None = None


def team_statement(
    membership: Membership, *, cursor: str | None, wanted: EntryFilter = EntryFilter()
) -> Page[LedgerEntry]:
    """Every change of the team's wallet with the balances it left. Raises BadCursorError."""
    return numbered_page(_entries(membership, wanted), cursor=cursor, size=PAGE_SIZE)


def statement_rows(page: Page[LedgerEntry]) -> Iterator[tuple[object, ...]]:
    """A page of the team's statement as a table, the columns as they stand on the screen."""
    yield STATEMENT_COLUMNS
    for entry in page.rows:
        job = getattr(entry.hold, "generation", None)
        yield (
            f"{entry.created_at:%Y-%m-%d %H:%M:%S}",
            entry.get_kind_display(),
            job.prompt if job else entry.reason,
            str((entry.hold and entry.hold.user) or entry.actor or "the site"),
            entry.posted_change,
            entry.held_change,
            entry.posted_after,
            entry.held_after,
            entry.available_after,
        )


def _entries(membership: Membership, wanted: EntryFilter) -> QuerySet[LedgerEntry]:
    entries = LedgerEntry.objects.filter(wallet__team=membership.team_id)
    zone = ZoneInfo(membership.team.time_zone)
    if wanted.kind:
        entries = entries.filter(kind=wanted.kind)
    if wanted.first:
        entries = entries.filter(created_at__gte=datetime.combine(wanted.first, time.min, zone))
    if wanted.last:
        entries = entries.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, zone))
    return entries.select_related("actor", "hold__user", "hold__generation")


def own_statement(membership: Membership, *, cursor: str | None) -> Page[Hold]:
    """What the member's own jobs held, charged and gave back. Raises BadCursorError."""
    holds = Hold.objects.filter(wallet__team=membership.team_id, user=membership.user_id)
    return numbered_page(holds.select_related("generation"), cursor=cursor, size=PAGE_SIZE)
