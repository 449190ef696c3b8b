"""Credits: the team's statement for who manages it, one's own spending for everybody else."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.csv_export import csv_lines
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import Page, keyset_page
from generations.credits import requests as desk
from generations.credits.crossings import LEVELS
from generations.credits.managers import managers_of
from generations.credits.models import CreditRequest, Crossing, RequestState, RequestTarget, SpendWatcher
from generations.credits.watchers import set_watchers
from generations.review.reports import By, Report, spending_report

from ..decorators import TeamRequest, by_method, team_page
from ..quotas.page import limit_lines
from .forms import (
    FOR_GOOD,
    PERIOD,
    WEEK,
    ApproveForm,
    AskForm,
    DeclineForm,
    ReportForm,
    StatementForm,
    end_of,
    first_fault,
)
from .page import own_statement, show_desk_page, statement_rows, team_statement
from .report import COLUMNS, ReportRow, chart_of, figures_of, rows_of
from .request_panel import RequestPanel, panel_for


@team_page()
@require_safe
def statement(request: TeamRequest) -> HttpResponse:
    """`?format=csv` is exactly the page that is on the screen."""
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    context = _team_statement(request) if is_manager else _own_statement(request)
    if is_manager and request.GET.get("format") == "csv":
        return _statement_csv(request, context["page"])
    if request.htmx:
        return render(request, "credits/_transactions.html" if is_manager else "credits/_holds.html", context)
    context["limits"] = limit_lines(request.balance.limits)
    if request.membership.can(Right.GENERATE):
        target = RequestTarget.QUOTA if request.balance.quota else RequestTarget.WALLET
        context["request_panel"] = panel_for(request.membership, target)
    return show_desk_page(request, "credits/overview.html", context)


def _team_statement(request: TeamRequest) -> dict[str, Any]:
    form = StatementForm(request.GET)
    page = team_statement(request.membership, cursor=request.GET.get("before"), wanted=form.wanted)
    return {
        "page": page,
        "is_manager": True,
        "form": form,
        "more_url": _statement_query(request, before=page.next_cursor) if page.next_cursor else "",
        "csv_url": _statement_query(request, format="csv"),
    }


def _own_statement(request: TeamRequest) -> dict[str, Any]:
    page = own_statement(request.membership, cursor=request.GET.get("before"))
    more_url = _statement_query(request, before=page.next_cursor) if page.next_cursor else ""
    return {"page": page, "is_manager": False, "more_url": more_url}


def _statement_csv(request: TeamRequest, page: Page[Any]) -> HttpResponse:
    response = HttpResponse("".join(csv_lines(statement_rows(page))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.membership.team.slug}-statement.csv"'
    return response


def _statement_query(request: TeamRequest, **changes: str) -> str:
    values = request.GET.copy()
    for name, value in changes.items():
        values[name] = value
    return f"?{values.urlencode()}"


@team_page(Right.MANAGE_CREDITS)
@require_safe
def report(request: TeamRequest) -> HttpResponse:
    """`?format=csv` is exactly what is on the screen."""
    form = ReportForm(request.GET, team=request.membership.team)
    found = spending_report(request.membership.team, **form.wanted)
    if request.GET.get("format") == "csv" and form.is_valid():
        return _report_csv(found, name=f"{request.membership.team.slug}-{found.by}-{found.first}-{found.last}.csv")
    context = {
        "form": form,
        "report": found,
        "columns": COLUMNS,
        "rows": rows_of(found),
        "total_row": ReportRow("All", found.total, 0),
        "chart": chart_of(found.days),
        "csv_url": _report_query(request, format="csv"),
        "groupings": [(by.title(), _report_query(request, by=by), by == found.by) for by in By],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return show_desk_page(request, "credits/report.html", context, status)


def _report_csv(found: Report, *, name: str) -> HttpResponse:
    response = HttpResponse("".join(csv_lines(_report_csv_rows(found))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _report_csv_rows(found: Report) -> Iterator[tuple[object, ...]]:
    yield (found.by.title(), *COLUMNS)
    for row in rows_of(found):
        yield (row.label, *figures_of(row.sums))
    yield ("All", *figures_of(found.total))


def _report_query(request: TeamRequest, **changes: str) -> str:
    values = request.GET.copy()
    for name, value in changes.items():
        values[name] = value
    if "format" not in changes:
        values.pop("format", None)
    return f"?{values.urlencode()}"


REQUESTS_PAGE_SIZE = 25
MOST_PENDING = 100


@team_page()
@require_safe
def show_requests(request: TeamRequest) -> HttpResponse:
    """What waits for an answer first, then what was decided; without the right to decide, one's own."""
    found = desk.requests_of(request.membership)
    pending = found.filter(state=RequestState.PENDING).order_by("created_at")[:MOST_PENDING]
    decided = keyset_page(
        found.exclude(state=RequestState.PENDING), cursor=request.GET.get("after"), size=REQUESTS_PAGE_SIZE
    )
    context = {
        "pending": pending,
        "decided": decided,
        "is_manager": request.membership.can(Right.MANAGE_CREDITS),
        "increase_durations": (
            (PERIOD, "to the end of the period"),
            (WEEK, "for a week"),
            (FOR_GOOD, "until taken back"),
        ),
    }
    return show_desk_page(request, "credits/requests.html", context)


@team_page(Right.GENERATE)
@require_POST
def request_credits(request: TeamRequest) -> HttpResponse:
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            desk.request_credits(membership=request.membership, **form.cleaned_data)
        except DailiesError as error:
            form.add_error(None, error.message)
    if request.htmx:
        return _answer_in_place(request, form)
    if form.errors:
        messages.warning(request, first_fault(form))
    else:
        messages.success(request, "Asked. You are told as soon as there is an answer.")
    return _to_list(request)


credit_requests = by_method(get=show_requests, post=request_credits)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def approve(request: TeamRequest, request_id: UUID) -> HttpResponse:
    asked = _access_request(request, request_id)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        raise desk.BadRequestError(first_fault(form))
    given = form.cleaned_data
    desk.approve_request(
        request_id=asked.pk,
        actor=request.user,
        amount=given["amount"],
        expires_at=end_of(given["until"], asked.membership),
        note=given["note"],
    )
    messages.success(request, f"Approved. {asked.membership.user} may spend {given['amount']:,} credits more.")
    return _to_list(request)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def decline(request: TeamRequest, request_id: UUID) -> HttpResponse:
    asked = _access_request(request, request_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        raise desk.BadRequestError(first_fault(form))
    desk.decline_request(request_id=asked.pk, actor=request.user, note=form.cleaned_data["note"])
    messages.success(request, f"Declined. {asked.membership.user} reads your note.")
    return _to_list(request)


@team_page(Right.GENERATE)
@require_POST
def withdraw(request: TeamRequest, request_id: UUID) -> HttpResponse:
    asked = desk.withdraw_request(membership=request.membership, request_id=request_id)
    if request.htmx:
        return _ask_part(request, panel_for(request.membership, RequestTarget(asked.target), amount=asked.amount))
    messages.success(request, "Withdrawn.")
    return _to_list(request)


def _access_request(request: TeamRequest, request_id: UUID) -> CreditRequest:
    """A request that the team's managers answer; those for the wallet are answered by site staff."""
    found = desk.requests_of(request.membership).filter(pk=request_id, target=RequestTarget.QUOTA).first()
    if found is None:
        raise NotFoundError
    return found


def _answer_in_place(request: TeamRequest, form: AskForm) -> HttpResponse:
    given = form.data.get("target", "")
    target = RequestTarget(given) if given in RequestTarget.values else RequestTarget.QUOTA
    panel = panel_for(request.membership, target)
    if not form.errors:
        return _ask_part(request, panel)
    return _ask_part(request, RequestPanel(target, panel.pending, form), HTTPStatus.UNPROCESSABLE_ENTITY)


def _ask_part(request: TeamRequest, panel: RequestPanel, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(request, "credits/_request_panel.html", {"request_panel": panel}, status=status)


def _to_list(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_requests", request.membership.team.slug))


RECENT_ALERTS = 20


@team_page(Right.MANAGE_CREDITS)
@require_safe
def show_alerts(request: TeamRequest) -> HttpResponse:
    team = request.membership.team
    told = Crossing.objects.filter(team=team).select_related("membership__user").order_by("-id")
    context = {
        "levels": LEVELS,
        "recipients": SpendWatcher.objects.filter(membership__team=team)
        .select_related("membership__user")
        .order_by("pk"),
        "managers": managers_of(team),
        "recent_alerts": told[:RECENT_ALERTS],
    }
    return show_desk_page(request, "credits/alerts.html", context)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def add_alert_recipient(request: TeamRequest) -> HttpResponse:
    """Name one more member, by address."""
    members = Membership.objects.active().filter(team=request.membership.team)
    member = members.filter(user__email__iexact=request.POST.get("email", "").strip()).first()
    if member is None:
        messages.warning(request, "No member of this team has that address.")
    else:
        set_watchers(team=request.membership.team, member_ids=[*_recipient_ids(request), member.pk], actor=request.user)
        messages.success(request, f"{member.user} is told from now on.")
    return _to_alerts(request)


alerts = by_method(get=show_alerts, post=add_alert_recipient)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def remove_alert_recipient(request: TeamRequest, member_id: int) -> HttpResponse:
    named = _recipient_ids(request)
    if member_id not in named:
        raise NotFoundError
    left = [pk for pk in named if pk != member_id]
    set_watchers(team=request.membership.team, member_ids=left, actor=request.user)
    messages.success(request, "Not told any more.")
    return _to_alerts(request)


def _recipient_ids(request: TeamRequest) -> list[int]:
    named = SpendWatcher.objects.filter(membership__team=request.membership.team)
    return list(named.values_list("membership", flat=True))


def _to_alerts(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_alerts", request.membership.team.slug))
