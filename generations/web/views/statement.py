"""Credits: the team's statement for who manages it, one's own spending for everybody else."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right
from generations.common.csv_export import csv_lines
from generations.common.pagination import Page
from generations.credits.models import RequestTarget

from ..asking import asking_for
from ..credit_pages import show_desk_page
from ..quota_words import limit_lines
from ..report_forms import StatementForm
from ..statements import own_statement, statement_rows, team_statement
from ..teams import TeamRequest, team_page


@team_page()
@require_safe
def statement(request: TeamRequest) -> HttpResponse:
    """`?format=csv` is exactly the page that is on the screen."""
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    context = _team(request) if is_manager else _own(request)
    if is_manager and request.GET.get("format") == "csv":
        return _as_csv(request, context["page"])
    if request.htmx:
        return render(request, "credits/_entries.html" if is_manager else "credits/_holds.html", context)
    context["limits"] = limit_lines(request.balance.limits)
    if request.membership.can(Right.GENERATE):
        target = RequestTarget.QUOTA if request.balance.quota else RequestTarget.WALLET
        context["asking"] = asking_for(request.membership, target)
    return show_desk_page(request, "credits/page.html", context)


def _team(request: TeamRequest) -> dict[str, Any]:
    form = StatementForm(request.GET)
    page = team_statement(request.membership, cursor=request.GET.get("before"), wanted=form.wanted)
    return {
        "page": page,
        "is_manager": True,
        "form": form,
        "earlier": _query(request, before=page.next_cursor) if page.next_cursor else "",
        "csv": _query(request, format="csv"),
    }


def _own(request: TeamRequest) -> dict[str, Any]:
    page = own_statement(request.membership, cursor=request.GET.get("before"))
    earlier = _query(request, before=page.next_cursor) if page.next_cursor else ""
    return {"page": page, "is_manager": False, "earlier": earlier}


def _as_csv(request: TeamRequest, page: Page[Any]) -> HttpResponse:
    response = HttpResponse("".join(csv_lines(statement_rows(page))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.membership.team.slug}-statement.csv"'
    return response


def _query(request: TeamRequest, **changes: str) -> str:
    values = request.GET.copy()
    for name, value in changes.items():
        values[name] = value
    return f"?{values.urlencode()}"
