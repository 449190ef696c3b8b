"""The credits pages: transactions, the spending report, requests for credits, and credit alerts."""

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
from generations.common.pagination import keyset_page
from generations.credits.models import CreditRequest, Crossing, RequestState, RequestTarget, SpendWatcher
from generations.credits.requests import (
    BadRequestError,
    approve_request,
    decline_request,
    request_credits,
    requests_of,
    withdraw_request,
)
from generations.credits.usage_alerts import ALERT_LEVELS, set_alert_recipients
from generations.credits.wallets import credit_managers
from generations.review.reports import By, spending_report

from ..decorators import TeamRequest, by_method, team_page
from ..formatting import in_credits
from ..quotas.page import limit_rows
from .forms import (
    DURATIONS,
    ApproveForm,
    CreditRequestForm,
    DeclineForm,
    ReportForm,
    TransactionsForm,
    expiry_of,
    first_error,
)
from .page import own_transactions, show_credits_page, team_transactions, transaction_rows
from .report import COLUMNS, ReportRow, csv_rows, report_rows, spending_chart
from .request_panel import RequestPanel, panel_for

REQUESTS_PAGE_SIZE = 25
MAX_PENDING = 100
RECENT_ALERTS = 20


@team_page()
@require_safe
def transactions(request: TeamRequest) -> HttpResponse:
    """Show the team's transactions to managers, their own to others. `?format=csv` is the page on the screen."""
    is_manager = request.membership.can(Right.MANAGE_CREDITS)
    context = _team_context(request) if is_manager else _own_context(request)
    if is_manager and request.GET.get("format") == "csv":
        rows = csv_lines(transaction_rows(context["page"]))
        return _csv_response("".join(rows), name=f"{request.membership.team.slug}-transactions.csv")
    if request.htmx:
        return render(request, "credits/_transactions.html" if is_manager else "credits/_holds.html", context)
    context["limits"] = limit_rows(request.balance.limits)
    if request.membership.can(Right.GENERATE):
        target = RequestTarget.QUOTA if request.balance.quota else RequestTarget.WALLET
        context["request_panel"] = panel_for(request.membership, target)
    return show_credits_page(request, "credits/overview.html", context)


def _team_context(request: TeamRequest) -> dict[str, Any]:
    form = TransactionsForm(request.GET)
    page = team_transactions(request.membership, cursor=request.GET.get("before"), entry_filter=form.entry_filter)
    return {
        "page": page,
        "is_manager": True,
        "form": form,
        "more_url": _url(request, before=page.next_cursor) if page.next_cursor else "",
        "csv_url": _url(request, format="csv"),
    }


def _own_context(request: TeamRequest) -> dict[str, Any]:
    page = own_transactions(request.membership, cursor=request.GET.get("before"))
    more_url = _url(request, before=page.next_cursor) if page.next_cursor else ""
    return {"page": page, "is_manager": False, "more_url": more_url}


@team_page(Right.MANAGE_CREDITS)
@require_safe
def report(request: TeamRequest) -> HttpResponse:
    """Show the spending report. `?format=csv` is the table on the screen."""
    form = ReportForm(request.GET, team=request.membership.team)
    spending = spending_report(request.membership.team, **form.report_arguments)
    if request.GET.get("format") == "csv" and form.is_valid():
        name = f"{request.membership.team.slug}-{spending.by}-{spending.first}-{spending.last}.csv"
        return _csv_response("".join(csv_lines(csv_rows(spending))), name=name)
    context = {
        "form": form,
        "report": spending,
        "columns": COLUMNS,
        "rows": report_rows(spending),
        "total_row": ReportRow("Total", spending.total, 0),
        "chart": spending_chart(spending.days),
        "csv_url": _url(request, format="csv"),
        "groupings": [(by.title(), _url(request, by=by), by == spending.by) for by in By],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return show_credits_page(request, "credits/report.html", context, status)


@team_page()
@require_safe
def show_requests(request: TeamRequest) -> HttpResponse:
    """Show pending requests, then resolved ones: the team's to managers, their own to others."""
    requests = requests_of(request.membership)
    resolved = requests.exclude(state=RequestState.PENDING)
    context = {
        "pending": requests.filter(state=RequestState.PENDING).order_by("created_at")[:MAX_PENDING],
        "decided": keyset_page(resolved, cursor=request.GET.get("after"), size=REQUESTS_PAGE_SIZE),
        "is_manager": request.membership.can(Right.MANAGE_CREDITS),
        "increase_durations": DURATIONS.items(),
    }
    return show_credits_page(request, "credits/requests.html", context)


@team_page(Right.GENERATE)
@require_POST
def create_request(request: TeamRequest) -> HttpResponse:
    form = CreditRequestForm(request.POST)
    if form.is_valid():
        try:
            request_credits(membership=request.membership, **form.cleaned_data)
        except DailiesError as error:
            form.add_error(None, error.message)
    if request.htmx:
        return _show_result_in_panel(request, form)
    if form.errors:
        messages.warning(request, first_error(form))
    else:
        messages.success(request, "Request sent. You'll be notified.")
    return _to_requests(request)


credit_requests = by_method(get=show_requests, post=create_request)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def approve(request: TeamRequest, request_id: UUID) -> HttpResponse:
    credit_request = _access_request(request, request_id)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        raise BadRequestError(first_error(form))
    values = form.cleaned_data
    approve_request(
        request_id=credit_request.pk,
        actor=request.user,
        amount=values["amount"],
        expires_at=expiry_of(values["until"], credit_request.membership),
        note=values["note"],
    )
    messages.success(request, f"Approved: +{in_credits(values['amount'])} for {credit_request.membership.user}.")
    return _to_requests(request)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def decline(request: TeamRequest, request_id: UUID) -> HttpResponse:
    credit_request = _access_request(request, request_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        raise BadRequestError(first_error(form))
    decline_request(request_id=credit_request.pk, actor=request.user, note=form.cleaned_data["note"])
    messages.success(request, f"Declined. {credit_request.membership.user} will see your note.")
    return _to_requests(request)


@team_page(Right.GENERATE)
@require_POST
def withdraw(request: TeamRequest, request_id: UUID) -> HttpResponse:
    withdrawn = withdraw_request(membership=request.membership, request_id=request_id)
    if request.htmx:
        return _show_panel(
            request, panel_for(request.membership, RequestTarget(withdrawn.target), amount=withdrawn.amount)
        )
    messages.success(request, "Request withdrawn.")
    return _to_requests(request)


@team_page(Right.MANAGE_CREDITS)
@require_safe
def show_alerts(request: TeamRequest) -> HttpResponse:
    team = request.membership.team
    recipients = SpendWatcher.objects.filter(membership__team=team).select_related("membership__user")
    recent_alerts = Crossing.objects.filter(team=team).select_related("membership__user").order_by("-id")
    context = {
        "levels": ALERT_LEVELS,
        "recipients": recipients.order_by("pk"),
        "managers": credit_managers(team),
        "recent_alerts": recent_alerts[:RECENT_ALERTS],
    }
    return show_credits_page(request, "credits/alerts.html", context)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def add_alert_recipient(request: TeamRequest) -> HttpResponse:
    """Add the member with the submitted email address."""
    members = Membership.objects.active().filter(team=request.membership.team)
    member = members.filter(user__email__iexact=request.POST.get("email", "").strip()).first()
    if member is None:
        messages.warning(request, "No team member has this email.")
    else:
        _set_alert_recipients(request, [*_alert_recipient_ids(request), member.pk])
        messages.success(request, f"{member.user} will get credit alerts.")
    return _to_alerts(request)


alerts = by_method(get=show_alerts, post=add_alert_recipient)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def remove_alert_recipient(request: TeamRequest, member_id: int) -> HttpResponse:
    member_ids = _alert_recipient_ids(request)
    if member_id not in member_ids:
        raise NotFoundError
    _set_alert_recipients(request, [pk for pk in member_ids if pk != member_id])
    messages.success(request, "Recipient removed.")
    return _to_alerts(request)


def _access_request(request: TeamRequest, request_id: UUID) -> CreditRequest:
    """Return a request that the team's managers decide. Site staff decide those for the wallet."""
    credit_request = requests_of(request.membership).filter(pk=request_id, target=RequestTarget.QUOTA).first()
    if credit_request is None:
        raise NotFoundError
    return credit_request


def _show_result_in_panel(request: TeamRequest, form: CreditRequestForm) -> HttpResponse:
    value = form.data.get("target", "")
    target = RequestTarget(value) if value in RequestTarget.values else RequestTarget.QUOTA
    panel = panel_for(request.membership, target)
    if not form.errors:
        return _show_panel(request, panel)
    return _show_panel(request, RequestPanel(target, panel.pending, form), HTTPStatus.UNPROCESSABLE_ENTITY)


def _show_panel(request: TeamRequest, panel: RequestPanel, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(request, "credits/_request_panel.html", {"request_panel": panel}, status=status)


def _alert_recipient_ids(request: TeamRequest) -> list[int]:
    recipients = SpendWatcher.objects.filter(membership__team=request.membership.team)
    return list(recipients.values_list("membership", flat=True))


def _set_alert_recipients(request: TeamRequest, member_ids: list[int]) -> None:
    set_alert_recipients(team=request.membership.team, member_ids=member_ids, actor=request.user)


def _to_requests(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_requests", request.membership.team.slug))


def _to_alerts(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_alerts", request.membership.team.slug))


def _csv_response(content: str, *, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _url(request: TeamRequest, **changes: str) -> str:
    """Return the query string of this page with changes. The format is kept only if it is one of them."""
    values = request.GET.copy()
    values.pop("format", None)
    for name, value in changes.items():
        values[name] = value
    return f"?{values.urlencode()}"
