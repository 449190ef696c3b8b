"""What the credits bought, on a page and as a table to take away."""

from collections.abc import Iterator
from http import HTTPStatus

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right
from generations.common.csv_export import csv_lines
from generations.review.reports import By, Report, spending_report

from ..charts import chart_of
from ..credit_pages import show_desk_page
from ..report_forms import ReportForm
from ..report_rows import COLUMNS, ReportRow, figures_of, rows_of
from ..teams import TeamRequest, team_page


@team_page(Right.MANAGE_CREDITS)
@require_safe
def report(request: TeamRequest) -> HttpResponse:
    """`?format=csv` is exactly what is on the screen."""
    form = ReportForm(request.GET, team=request.membership.team)
    found = spending_report(request.membership.team, **form.wanted)
    if request.GET.get("format") == "csv" and form.is_valid():
        return _as_csv(found, name=f"{request.membership.team.slug}-{found.by}-{found.first}-{found.last}.csv")
    context = {
        "form": form,
        "report": found,
        "columns": COLUMNS,
        "rows": rows_of(found),
        "whole": ReportRow("All", found.total, 0),
        "chart": chart_of(found.days),
        "csv": _query(request, format="csv"),
        "kinds": [(by.title(), _query(request, by=by), by == found.by) for by in By],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return show_desk_page(request, "credits/report.html", context, status)


def _as_csv(found: Report, *, name: str) -> HttpResponse:
    response = HttpResponse("".join(csv_lines(_rows(found))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(found: Report) -> Iterator[tuple[object, ...]]:
    yield (found.by.title(), *COLUMNS)
    for row in rows_of(found):
        yield (row.label, *figures_of(row.sums))
    yield ("All", *figures_of(found.total))


def _query(request: TeamRequest, **changes: str) -> str:
    values = request.GET.copy()
    for name, value in changes.items():
        values[name] = value
    if "format" not in changes:
        values.pop("format", None)
    return f"?{values.urlencode()}"
