"""What the credits pages show: the tabs, and the transactions of the team or of the member's own jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.pagination import Page, numbered_page
from generations.credits.models import Hold, LedgerEntry, RequestState
from generations.credits.requests import requests_of

from ..decorators import TeamRequest

PAGE_SIZE = 50
TRANSACTION_COLUMNS = (
    "Date (UTC)",
    "Type",
    "Description",
    "Member",
    "Amount",
    "Reserved",
    "Balance",
    "Total reserved",
    "Available",
)


@dataclass(frozen=True)
class CreditTab:
    label: str
    url: str
    is_current: bool
    count: int = 0


@dataclass(frozen=True)
class EntryFilter:
    """Which entries to show; without values, all. The days are inclusive and in the team's time zone."""

    kind: str = ""
    first: date | None = None
    last: date | None = None


def show_credits_page(
    request: TeamRequest, template: str, context: dict[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    return render(request, template, {**context, "credit_pages": credit_tabs(request)}, status=status)


def credit_tabs(request: TeamRequest) -> list[CreditTab]:
    """Return the pages that the member's role may open, with the number of pending requests."""
    pending = requests_of(request.membership).filter(state=RequestState.PENDING).count()
    pages = [("credits", "Transactions", 0), ("credit_requests", "Requests", pending)]
    if request.membership.can(Right.MANAGE_CREDITS):
        pages += [("quotas", "Credit limits", 0), ("credit_report", "Report", 0), ("credit_alerts", "Alerts", 0)]
    urls = [reverse(name, args=[request.membership.team.slug]) for name, _, _ in pages]
    # All URLs begin with that of the transactions. The longest match is current, also for subpages such as one limit.
    current = max((url for url in urls if request.path.startswith(url)), key=len, default="")
    return [CreditTab(label, url, url == current, count) for (_, label, count), url in zip(pages, urls, strict=True)]


def team_transactions(
    membership: Membership, *, cursor: str | None, entry_filter: EntryFilter = EntryFilter()
) -> Page[LedgerEntry]:
    """Return the changes of the team's wallet with the balances after each. Raises BadCursorError."""
    return numbered_page(_entries(membership, entry_filter), cursor=cursor, size=PAGE_SIZE)


def own_transactions(membership: Membership, *, cursor: str | None) -> Page[Hold]:
    """Return what the member's own jobs reserved, charged and refunded. Raises BadCursorError."""
    holds = Hold.objects.filter(wallet__team=membership.team_id, user=membership.user_id)
    return numbered_page(holds.select_related("generation"), cursor=cursor, size=PAGE_SIZE)


def transaction_rows(page: Page[LedgerEntry]) -> Iterator[tuple[object, ...]]:
    """Yield a page of the team's transactions as a table with the columns of the screen."""
    yield TRANSACTION_COLUMNS
    for entry in page.rows:
        job = getattr(entry.hold, "generation", None)
        yield (
            f"{entry.created_at:%Y-%m-%d %H:%M:%S}",
            entry.get_kind_display(),
            job.prompt if job else entry.reason,
            str((entry.hold and entry.hold.user) or entry.actor or "System"),
            entry.posted_change,
            entry.held_change,
            entry.posted_after,
            entry.held_after,
            entry.available_after,
        )


def _entries(membership: Membership, entry_filter: EntryFilter) -> QuerySet[LedgerEntry]:
    entries = LedgerEntry.objects.filter(wallet__team=membership.team_id)
    zone = ZoneInfo(membership.team.time_zone)
    if entry_filter.kind:
        entries = entries.filter(kind=entry_filter.kind)
    if entry_filter.first:
        entries = entries.filter(created_at__gte=datetime.combine(entry_filter.first, time.min, zone))
    if entry_filter.last:
        end = datetime.combine(entry_filter.last + timedelta(days=1), time.min, zone)
        entries = entries.filter(created_at__lt=end)
    return entries.select_related("actor", "hold__user", "hold__generation")
