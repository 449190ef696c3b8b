"""The audit trail: of a team for its managers, of the whole site for its staff."""

from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right
from generations.common.csv_export import csv_lines
from generations.common.pagination import numbered_page
from generations.events.audit_log import audit_events, audit_kinds

from ..decorators import PageRequest, TeamRequest, staff_page, team_page
from .forms import AuditForm
from .page import AuditEntry, csv_rows

PAGE_SIZE = 50
MOST_ROWS = 100_000


@team_page(Right.MANAGE_TEAM)
@require_safe
def audit(request: TeamRequest) -> HttpResponseBase:
    team = request.membership.team
    return _answer(request, team_id=team.pk, zone=ZoneInfo(team.time_zone), name=f"audit-{team.slug}")


@staff_page
@require_safe
def site_audit(request: PageRequest) -> HttpResponseBase:
    return _answer(request, team_id=None, zone=UTC, name="audit")


def _answer(request: HttpRequest, *, team_id: int | None, zone: tzinfo, name: str) -> HttpResponseBase:
    form = AuditForm(request.GET, kinds=audit_kinds(team_id))
    found = audit_events(team_id=team_id, search=form.search(zone))
    if request.GET.get("format") == "csv":
        lines = csv_lines(csv_rows(found[:MOST_ROWS].iterator(chunk_size=1000)))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
    page = numbered_page(found, cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "form": form,
        "entries": [AuditEntry(event) for event in page.rows],
        "query": _query(request, next_cursor=page.next_cursor),
        "csv": _query(request, format="csv"),
        "is_more": page.next_cursor is not None,
        "is_site": team_id is None,
        "zone": zone,
    }
    return _page(request, context)


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    is_part = bool(getattr(request, "htmx", False))
    return render(request, "audit/_rows.html" if is_part else "audit/log.html", context)


def _query(request: HttpRequest, *, next_cursor: str | None = None, **more: str) -> str:
    """The present search as a query string, for the next page or another form of it."""
    query = request.GET.copy()
    for name in ("after", "format"):
        query.pop(name, None)
    if next_cursor is not None:
        query["after"] = next_cursor
    query.update(more)
    return query.urlencode()
