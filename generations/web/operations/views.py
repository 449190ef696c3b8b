"""Operations, for site staff: what waits where and why, and what can be done about it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import Team, User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import numbered_page
from generations.contract.support import SUPPORT
from generations.credits.catalogue import price_versions, set_price, switch_model, withdraw_price
from generations.credits.entries import lock_wallet
from generations.credits.errors import BadGrantError
from generations.credits.freezes import freeze, unfreeze
from generations.credits.grants import correct_credits, grant_credits
from generations.credits.models import (
    CreditRequest,
    EntryKind,
    Freeze,
    LedgerEntry,
    OfferedModel,
    PriceRow,
    RefillRule,
    RequestTarget,
)
from generations.credits.refills import set_refill
from generations.credits.requests import approve_request, decline_request, wallet_requests
from generations.credits.standings import standings_of, teams_by_name
from generations.credits.transfers import transfer_credits
from generations.events.models import Alert
from generations.jobs import operations
from generations.jobs.models import Generation, ProviderThrottle
from generations.jobs.operations import ask_again
from generations.jobs.provider_costs import recent_provider_costs

from ..credits.forms import first_fault
from ..decorators import PageRequest, by_method, staff_page
from .forms import FreezeForm, GrantForm, PriceForm, RefillForm, TransferForm


@staff_page
@require_safe
def overview(request: PageRequest) -> HttpResponse:
    context = {
        "alerts": Alert.objects.open().order_by("opened_at"),
        "waiting": operations.state_counts(),
        "providers": operations.provider_throttles(),
        "problem_jobs": operations.needing_attention(),
    }
    return render(request, "operations/overview.html", context)


@staff_page
@require_POST
def act_on_job(request: PageRequest, generation_id: UUID, name: str) -> HttpResponse:
    """Do one of `ACTS` to a generation and say what came of it."""
    generation = Generation.objects.filter(pk=generation_id).first()
    if generation is None or name not in ACTS:
        raise NotFoundError
    try:
        messages.success(request, ACTS[name](generation, request.user, request.POST.get("reason", "")))
    except DailiesError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(resolve_url("operations"))


@staff_page
@require_POST
def probe(request: PageRequest, gate_id: int) -> HttpResponse:
    throttle = ProviderThrottle.objects.filter(pk=gate_id).first()
    if throttle is None:
        raise NotFoundError
    operations.probe_now(throttle=throttle, actor=request.user)
    messages.success(request, "The next job that waits is sent as a probe.")
    return HttpResponseRedirect(resolve_url("operations"))


def _lift(generation: Generation, actor: User, reason: str) -> str:
    operations.prioritize_generation(generation=generation, actor=actor)
    return "It goes before all others."


def _look(generation: Generation, actor: User, reason: str) -> str:
    operations.check_now(generation=generation, actor=actor)
    return "A worker looks at it now."


def _give_up(generation: Generation, actor: User, reason: str) -> str:
    operations.give_up(generation=generation, actor=actor, reason=reason)
    return f"Given up; {generation.price:,} credits returned."


def _ask(generation: Generation, actor: User, reason: str) -> str:
    if ask_again(generation=generation, actor=actor):
        return "The provider has finished it after all. It is being saved, and not charged."
    return "The provider has no video of it."


ACTS: dict[str, Callable[[Generation, User, str], str]] = {
    "lift": _lift,
    "look": _look,
    "give-up": _give_up,
    "ask": _ask,
}
PAGE_SIZE = 50
_RECENT = 20
_BY_HAND = (EntryKind.GRANT, EntryKind.CORRECTION, EntryKind.TRANSFER)


@staff_page
@require_safe
def credits_overview(request: PageRequest) -> HttpResponse:
    search = request.GET.get("q", "")[:100]
    page = numbered_page(teams_by_name(search), cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "balances": standings_of(page.rows),
        "next_cursor": page.next_cursor,
        "search": search,
        "credit_requests": wallet_requests(),
        "site_freeze": Freeze.objects.filter(team=None, ended_at=None).first(),
        "freeze_form": FreezeForm(),
        "provider_costs": recent_provider_costs(),
    }
    return render(request, "operations/credits.html", context)


@staff_page
@require_safe
def team(request: PageRequest, team_id: int) -> HttpResponse:
    return _show_team(request, _team(team_id))


@staff_page
@require_POST
def grant(request: PageRequest, team_id: int) -> HttpResponse:
    """Grant or correct. A form that is sent twice, or that others were quicker than, changes nothing."""
    found, form = _team(team_id), GrantForm(request.POST)
    return _act_on_team(request, found, "grant_form", form, lambda: _grant(request, found, form))


@staff_page
@require_POST
def transfer(request: PageRequest, team_id: int) -> HttpResponse:
    found, form = _team(team_id), TransferForm(request.POST)
    return _act_on_team(request, found, "transfer_form", form, lambda: _transfer(request, found, form.cleaned_data))


@staff_page
@require_POST
def refill(request: PageRequest, team_id: int) -> HttpResponse:
    found = _team(team_id)
    form = RefillForm(request.POST, rule=None)
    return _act_on_team(request, found, "refill_form", form, lambda: _refill(request, found, form.cleaned_data))


@staff_page
@require_POST
def stop(request: PageRequest, team_id: int) -> HttpResponse:
    found, form = _team(team_id), FreezeForm(request.POST)
    return _act_on_team(
        request, found, "freeze_form", form, lambda: _freeze(request, found, form.cleaned_data["reason"])
    )


@staff_page
@require_POST
def stop_all(request: PageRequest) -> HttpResponse:
    form = FreezeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, first_fault(form))
    else:
        messages.success(request, _freeze(request, None, form.cleaned_data["reason"]))
    return HttpResponseRedirect(resolve_url("operations_credits"))


@staff_page
@require_POST
def go_on(request: PageRequest, freeze_id: int) -> HttpResponse:
    if unfreeze(freeze_id=freeze_id, actor=request.user):
        messages.success(request, "New jobs may be submitted again.")
    return HttpResponseRedirect(resolve_url("operations_credits"))


@staff_page
@require_POST
def answer(request: PageRequest, request_id: UUID) -> HttpResponse:
    """Approve or decline what was asked for a wallet."""
    if not CreditRequest.objects.filter(pk=request_id, target=RequestTarget.WALLET).exists():
        raise NotFoundError
    try:
        messages.success(request, _answer(request, request_id))
    except DailiesError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(resolve_url("operations_credits"))


def _answer(request: PageRequest, request_id: UUID) -> str:
    note, amount = request.POST.get("note", ""), request.POST.get("amount", "")
    if request.POST.get("answer") == "decline":
        decline_request(request_id=request_id, actor=request.user, note=note)
        return "Declined. Whoever asked reads your note."
    granted = int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 10 else 0
    approve_request(request_id=request_id, actor=request.user, amount=granted, note=note)
    return f"Approved: {granted:,} credits."


def _act_on_team(
    request: PageRequest, found: Team, name: str, form: forms.Form, act: Callable[[], str]
) -> HttpResponse:
    """Do it and say so, or show the page again with what does not fit."""
    if form.is_valid():
        try:
            messages.success(request, act())
            return HttpResponseRedirect(resolve_url("operations_team", found.pk))
        except DailiesError as error:
            form.add_error(None, error.message)
    return _show_team(request, found, status=HTTPStatus.UNPROCESSABLE_ENTITY, **{name: form})


@transaction.atomic
def _grant(request: PageRequest, found: Team, form: GrantForm) -> str:
    given = form.cleaned_data
    lock_wallet(found)
    if given["newest"] != _newest(found):
        raise BadGrantError("The balance has changed since this page was opened. Look at the entries, then go on.")
    told = {"team": found, "amount": given["amount"], "reason": given["reason"], "actor": request.user}
    if given["kind"] == EntryKind.GRANT:
        entry = grant_credits(**told, expires_at=form.expires_at)
    else:
        entry = correct_credits(**told)
    return f"{entry.posted_change:+,} credits. {found} now has {entry.available_after:,} available."


def _transfer(request: PageRequest, found: Team, given: dict[str, Any]) -> str:
    target = Team.objects.filter(slug=given["to"]).first()
    if target is None:
        raise BadGrantError(f"There is no team at /t/{given['to']}/.")
    transfer_credits(source=found, target=target, amount=given["amount"], reason=given["reason"], actor=request.user)
    return f"{given['amount']:,} credits went from {found} to {target}."


def _refill(request: PageRequest, found: Team, given: dict[str, Any]) -> str:
    rule = set_refill(team=found, actor=request.user, moment=database_now(), **given)
    return f"Saved. The next refill is on {rule.next_at:%-d %B %Y, %H:%M} UTC." if rule.is_on else "Refills are off."


def _freeze(request: PageRequest, found: Team | None, reason: str) -> str:
    freeze(team=found, reason=reason, actor=request.user)
    return f"{found or 'Everybody'} cannot submit anything new. Jobs under way go on."


def _team(team_id: int) -> Team:
    found = Team.objects.filter(pk=team_id).first()
    if found is None:
        raise NotFoundError
    return found


def _newest(found: Team) -> int:
    by_hand = LedgerEntry.objects.filter(wallet__team=found, kind__in=_BY_HAND)
    return by_hand.order_by("-id").values_list("id", flat=True).first() or 0


def _show_team(
    request: PageRequest, found: Team, *, status: HTTPStatus = HTTPStatus.OK, **bound: forms.Form
) -> HttpResponse:
    (standing,) = standings_of([found])
    entries = LedgerEntry.objects.filter(wallet__team=found, hold=None).select_related("actor").order_by("-id")
    rule = RefillRule.objects.filter(team=found).first()
    context = {
        "balance": standing,
        "rule": rule,
        "lots": standing.wallet.lots.filter(remaining__gt=0).order_by("expires_at", "id") if standing.wallet else (),
        "entries": entries[:_RECENT],
        "grant_form": GrantForm(initial={"newest": _newest(found)}, auto_id="grant_%s"),
        "transfer_form": TransferForm(auto_id="transfer_%s"),
        "refill_form": RefillForm(rule=rule),
        "freeze_form": FreezeForm(auto_id="freeze_%s"),
        **bound,
    }
    return render(request, "operations/team.html", context, status=status)


@staff_page
@require_safe
def show_prices(request: PageRequest) -> HttpResponse:
    return _show_prices(request, PriceForm())


@staff_page
@require_POST
def save_price(request: PageRequest) -> HttpResponse:
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            row = set_price(**form.cleaned_data, actor=request.user)
            messages.success(request, f"{row} from {row.valid_from:%-d %B %Y} on.")
            return HttpResponseRedirect(resolve_url("operations_prices"))
        except DailiesError as error:
            form.add_error(None, error.message)
    return _show_prices(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)


prices = by_method(get=show_prices, post=save_price)


@staff_page
@require_POST
def withdraw_price_row(request: PageRequest, row_id: int) -> HttpResponse:
    withdraw_price(row_id=row_id, actor=request.user)
    messages.success(request, "Withdrawn. The price before it goes on.")
    return HttpResponseRedirect(resolve_url("operations_prices"))


@staff_page
@require_POST
def switch(request: PageRequest, model: str) -> HttpResponse:
    is_on = request.POST.get("is_on") == "true"
    switch_model(model=model, is_on=is_on, actor=request.user)
    messages.success(request, "On offer." if is_on else "Off. Jobs under way go on.")
    return HttpResponseRedirect(resolve_url("operations_prices"))


def _place(row: PriceRow) -> tuple[int, int]:
    """Models and sizes stand as in the contract; whatever it has dropped comes last."""
    models, tiers = list(SUPPORT.models), list(SUPPORT.tiers)
    return (
        models.index(row.model) if row.model in models else len(models),
        tiers.index(row.tier) if row.tier in tiers else len(tiers),
    )


def _show_prices(request: PageRequest, form: PriceForm, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    context = {
        "form": form,
        "today": timezone.now().date(),
        "versions": sorted(price_versions(), key=_place),
        "models": OfferedModel.objects.all(),
    }
    return render(request, "operations/prices.html", context, status=status)
