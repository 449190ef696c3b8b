"""Requests for credits: ask, answer, withdraw."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import keyset_page
from generations.credits import requests as desk
from generations.credits.models import CreditRequest, RequestState, RequestTarget

from ..asking import Asking, asking_for
from ..credit_forms import FOR_GOOD, PERIOD, WEEK, ApproveForm, AskForm, DeclineForm, end_of, first_fault
from ..credit_pages import show_desk_page
from ..teams import TeamRequest, by_method, team_page

PAGE_SIZE = 25
MOST_PENDING = 100


@team_page()
@require_safe
def show(request: TeamRequest) -> HttpResponse:
    """What waits for an answer first, then what was decided; without the right to decide, one's own."""
    found = desk.requests_of(request.membership)
    pending = found.filter(state=RequestState.PENDING).order_by("created_at")[:MOST_PENDING]
    decided = keyset_page(found.exclude(state=RequestState.PENDING), cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "pending": pending,
        "decided": decided,
        "is_manager": request.membership.can(Right.MANAGE_CREDITS),
        "untils": ((PERIOD, "to the end of the period"), (WEEK, "for a week"), (FOR_GOOD, "until taken back")),
    }
    return show_desk_page(request, "credits/requests.html", context)


@team_page(Right.GENERATE)
@require_POST
def ask(request: TeamRequest) -> HttpResponse:
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


requests = by_method(get=show, post=ask)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def approve(request: TeamRequest, request_id: UUID) -> HttpResponse:
    asked = _access(request, request_id)
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
    asked = _access(request, request_id)
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
        return _ask_part(request, asking_for(request.membership, RequestTarget(asked.target), amount=asked.amount))
    messages.success(request, "Withdrawn.")
    return _to_list(request)


def _access(request: TeamRequest, request_id: UUID) -> CreditRequest:
    """A request that the team's managers answer; those for the wallet are answered by site staff."""
    found = desk.requests_of(request.membership).filter(pk=request_id, target=RequestTarget.QUOTA).first()
    if found is None:
        raise NotFoundError
    return found


def _answer_in_place(request: TeamRequest, form: AskForm) -> HttpResponse:
    given = form.data.get("target", "")
    target = RequestTarget(given) if given in RequestTarget.values else RequestTarget.QUOTA
    asking = asking_for(request.membership, target)
    if not form.errors:
        return _ask_part(request, asking)
    return _ask_part(request, Asking(target, asking.pending, form), HTTPStatus.UNPROCESSABLE_ENTITY)


def _ask_part(request: TeamRequest, asking: Asking, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(request, "credits/_ask.html", {"asking": asking}, status=status)


def _to_list(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_requests", request.membership.team.slug))
