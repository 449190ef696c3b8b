"""The pages of the credit desk: one frame, and the ways between them."""

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


@dataclass(frozen=True)
class DeskPage:
    label: str
    url: str
    is_current: bool
    count: int = 0


def show_desk_page(
    request: TeamRequest, template: str, context: dict[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    return render(request, template, {**context, "credit_pages": pages_of(request)}, status=status)


def pages_of(request: TeamRequest) -> list[DeskPage]:
    """What the member's role may open, with the number of requests that wait."""
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    waiting = requests_of(request.membership).filter(state=RequestState.PENDING).count()
    pages = [("credits", "Statement" if is_manager else "Overview", 0), ("credit_requests", "Requests", waiting)]
    if is_manager:
        pages += [("quotas", "Quotas", 0), ("credit_report", "Report", 0), ("credit_alerts", "Alerts", 0)]
    urls = [reverse(name, args=[request.membership.team.slug]) for name, _, _ in pages]
    # The statement's address begins all of them; what is below a page, such as one quota, belongs to that page.
    current = max((url for url in urls if request.path.startswith(url)), key=len, default="")
    return [DeskPage(label, url, url == current, count) for (_, label, count), url in zip(pages, urls, strict=True)]


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
