"""The audit log: of a team for its managers, of the whole site for its staff."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.http import StreamingHttpResponse
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
MAX_CSV_ROWS = 100_000


@team_page(Right.MANAGE_TEAM)
@require_safe
def audit(request: TeamRequest) -> HttpResponseBase:
    team = request.membership.team
    return _show_log(request, team_id=team.pk, zone=ZoneInfo(team.time_zone), name=f"audit-{team.slug}")


@staff_page
@require_safe
def site_audit(request: PageRequest) -> HttpResponseBase:
    return _show_log(request, team_id=None, zone=UTC, name="audit")


def _show_log(request: PageRequest, *, team_id: int | None, zone: tzinfo, name: str) -> HttpResponseBase:
    form = AuditForm(request.GET, kinds=audit_kinds(team_id))
    events = audit_events(team_id=team_id, search=form.search(zone))
    if request.GET.get("format") == "csv":
        return _csv_response(csv_rows(events[:MAX_CSV_ROWS].iterator(chunk_size=1000)), name=name)
    page = numbered_page(events, cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "form": form,
        "entries": [AuditEntry(event) for event in page.rows],
        "query": _query(request, next_cursor=page.next_cursor),
        "csv": _query(request, format="csv"),
        "is_more": page.next_cursor is not None,
        "is_site": team_id is None,
        "zone": zone,
    }
    return render(request, "audit/_rows.html" if request.htmx else "audit/log.html", context)


def _csv_response(rows: Iterator[tuple[str, ...]], *, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _query(request: PageRequest, *, next_cursor: str | None = None, **more: str) -> str:
    """Return the current search as a query string, for the next page or the CSV file."""
    query = request.GET.copy()
    for name in ("after", "format"):
        query.pop(name, None)
    if next_cursor is not None:
        query["after"] = next_cursor
    query.update(more)
    return query.urlencode()
