"""The pages of site staff: active jobs, the credits of every team, prices and models."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import Team, User
from generations.common.clock import database_now
from generations.common.errors import DailiesError, NotFoundError
from generations.credits.errors import BadGrantError
from generations.credits.freezes import freeze, unfreeze
from generations.credits.grants import correct_credits, grant_credits, transfer_credits
from generations.credits.models import CreditRequest, EntryKind, RequestTarget
from generations.credits.prices import remove_price, set_price, switch_model
from generations.credits.refills import set_refill
from generations.credits.requests import approve_request, decline_request
from generations.credits.wallets import lock_wallet
from generations.jobs import operations
from generations.jobs.models import Generation, ProviderThrottle

from ..credits.forms import first_error
from ..decorators import PageRequest, by_method, staff_page
from ..formatting import in_credits, signed
from .forms import FreezeForm, GrantForm, PriceForm, RefillForm, TransferForm
from .page import credits_context, newest_manual_entry, overview_context, prices_context, team_context


@staff_page
@require_safe
def overview(request: PageRequest) -> HttpResponse:
    return render(request, "operations/overview.html", overview_context())


@staff_page
@require_POST
def job_action(request: PageRequest, generation_id: UUID, name: str) -> HttpResponse:
    """Run one of `JOB_ACTIONS` on a generation and show its result."""
    generation = Generation.objects.filter(pk=generation_id).first()
    if generation is None or name not in JOB_ACTIONS:
        raise NotFoundError
    try:
        messages.success(request, JOB_ACTIONS[name](generation, request.user, request.POST.get("reason", "")))
    except DailiesError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(resolve_url("operations"))


@staff_page
@require_POST
def probe(request: PageRequest, throttle_id: int) -> HttpResponse:
    throttle = ProviderThrottle.objects.filter(pk=throttle_id).first()
    if throttle is None:
        raise NotFoundError
    operations.probe_now(throttle=throttle, actor=request.user)
    messages.success(request, "The next queued job will be used as a test.")
    return HttpResponseRedirect(resolve_url("operations"))


def _prioritize(generation: Generation, actor: User, reason: str) -> str:
    operations.prioritize_generation(generation=generation, actor=actor)
    return "Moved to the front of the queue."


def _check_now(generation: Generation, actor: User, reason: str) -> str:
    operations.check_now(generation=generation, actor=actor)
    return "Check started."


def _give_up(generation: Generation, actor: User, reason: str) -> str:
    operations.give_up(generation=generation, actor=actor, reason=reason)
    return f"Canceled. {in_credits(generation.price)} refunded."


def _ask_provider(generation: Generation, actor: User, reason: str) -> str:
    if operations.ask_again(generation=generation, actor=actor):
        return "The provider did finish it. It is being saved at no charge."
    return "The provider has no video for it."


JOB_ACTIONS: dict[str, Callable[[Generation, User, str], str]] = {
    "lift": _prioritize,
    "look": _check_now,
    "give-up": _give_up,
    "ask": _ask_provider,
}


@staff_page
@require_safe
def credits_overview(request: PageRequest) -> HttpResponse:
    context = credits_context(search=request.GET.get("q", "")[:100], cursor=request.GET.get("after"))
    return render(request, "operations/credits.html", context)


@staff_page
@require_safe
def team(request: PageRequest, team_id: int) -> HttpResponse:
    return render(request, "operations/team.html", team_context(_access_team(team_id)))


@staff_page
@require_POST
def grant(request: PageRequest, team_id: int) -> HttpResponse:
    """Grant or correct credits. A form that was sent before, or is outdated, changes nothing."""
    team, form = _access_team(team_id), GrantForm(request.POST)
    return _change_team(request, team, "grant_form", form, lambda: _grant(request, team, form))


@staff_page
@require_POST
def transfer(request: PageRequest, team_id: int) -> HttpResponse:
    team, form = _access_team(team_id), TransferForm(request.POST)
    return _change_team(request, team, "transfer_form", form, lambda: _transfer(request, team, form.cleaned_data))


@staff_page
@require_POST
def refill(request: PageRequest, team_id: int) -> HttpResponse:
    team, form = _access_team(team_id), RefillForm(request.POST, rule=None)
    return _change_team(request, team, "refill_form", form, lambda: _set_refill(request, team, form.cleaned_data))


@staff_page
@require_POST
def freeze_team(request: PageRequest, team_id: int) -> HttpResponse:
    team, form = _access_team(team_id), FreezeForm(request.POST)
    return _change_team(request, team, "freeze_form", form, lambda: _freeze(request, team, form))


@staff_page
@require_POST
def freeze_site(request: PageRequest) -> HttpResponse:
    form = FreezeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, first_error(form))
    else:
        messages.success(request, _freeze(request, None, form))
    return HttpResponseRedirect(resolve_url("operations_credits"))


@staff_page
@require_POST
def end_freeze(request: PageRequest, freeze_id: int) -> HttpResponse:
    if unfreeze(freeze_id=freeze_id, actor=request.user):
        messages.success(request, "New jobs are enabled.")
    return HttpResponseRedirect(resolve_url("operations_credits"))


@staff_page
@require_POST
def decide_request(request: PageRequest, request_id: UUID) -> HttpResponse:
    """Approve or decline a request for team credits."""
    if not CreditRequest.objects.filter(pk=request_id, target=RequestTarget.WALLET).exists():
        raise NotFoundError
    try:
        messages.success(request, _decide_request(request, request_id))
    except DailiesError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(resolve_url("operations_credits"))


@staff_page
@require_safe
def show_prices(request: PageRequest) -> HttpResponse:
    return render(request, "operations/prices.html", prices_context(PriceForm()))


@staff_page
@require_POST
def save_price(request: PageRequest) -> HttpResponse:
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            row = set_price(**form.cleaned_data, actor=request.user)
            messages.success(request, f"Price saved: {row} from {row.valid_from:%-d %B %Y}.")
            return HttpResponseRedirect(resolve_url("operations_prices"))
        except DailiesError as error:
            form.add_error(None, error.message)
    context = prices_context(form)
    return render(request, "operations/prices.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


prices = by_method(get=show_prices, post=save_price)


@staff_page
@require_POST
def delete_scheduled_price(request: PageRequest, row_id: int) -> HttpResponse:
    remove_price(row_id=row_id, actor=request.user)
    messages.success(request, "Scheduled price removed.")
    return HttpResponseRedirect(resolve_url("operations_prices"))


@staff_page
@require_POST
def enable_model(request: PageRequest, model: str) -> HttpResponse:
    """Enable or disable a model for all teams."""
    is_on = request.POST.get("is_on") == "true"
    switch_model(model=model, is_on=is_on, actor=request.user)
    messages.success(request, "Model enabled." if is_on else "Model disabled. Running jobs will finish.")
    return HttpResponseRedirect(resolve_url("operations_prices"))


def _access_team(team_id: int) -> Team:
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise NotFoundError
    return team


def _change_team(
    request: PageRequest, team: Team, form_name: str, form: forms.Form, change: Callable[[], str]
) -> HttpResponse:
    """Make the change and show its result, or show the page again with the errors of the form."""
    if form.is_valid():
        try:
            messages.success(request, change())
            return HttpResponseRedirect(resolve_url("operations_team", team.pk))
        except DailiesError as error:
            form.add_error(None, error.message)
    context = team_context(team, **{form_name: form})
    return render(request, "operations/team.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@transaction.atomic
def _grant(request: PageRequest, team: Team, form: GrantForm) -> str:
    """Change the balance while the wallet is locked, if it is still the one that the form showed."""
    values = form.cleaned_data
    lock_wallet(team)
    if values["newest"] != newest_manual_entry(team):
        raise BadGrantError("The balance has changed since this page was opened. Check the transactions and try again.")
    change = {"team": team, "amount": values["amount"], "reason": values["reason"], "actor": request.user}
    if values["kind"] == EntryKind.GRANT:
        entry = grant_credits(**change, expires_at=form.expires_at)
    else:
        entry = correct_credits(**change)
    available = in_credits(entry.available_after)
    return f"Balance changed by {signed(entry.posted_change)}. {team} now has {available} available."


def _transfer(request: PageRequest, team: Team, values: dict[str, Any]) -> str:
    target = Team.objects.filter(slug=values["to"]).first()
    if target is None:
        raise BadGrantError(f"There is no team at /t/{values['to']}/.")
    transfer_credits(source=team, target=target, amount=values["amount"], reason=values["reason"], actor=request.user)
    return f"{in_credits(values['amount'])} transferred from {team} to {target}."


def _set_refill(request: PageRequest, team: Team, values: dict[str, Any]) -> str:
    rule = set_refill(team=team, actor=request.user, moment=database_now(), **values)
    return f"Refill saved. Next refill: {rule.next_at:%-d %B %Y, %H:%M} UTC." if rule.is_on else "Refills disabled."


def _freeze(request: PageRequest, team: Team | None, form: FreezeForm) -> str:
    freeze(team=team, reason=form.cleaned_data["reason"], actor=request.user)
    return f"New jobs paused for {team or 'all teams'}. Running ones will finish."


def _decide_request(request: PageRequest, request_id: UUID) -> str:
    note, amount = request.POST.get("note", ""), request.POST.get("amount", "")
    if request.POST.get("decision") == "decline":
        decline_request(request_id=request_id, actor=request.user, note=note)
        return "Declined. The requester will see your note."
    granted = int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 10 else 0
    approve_request(request_id=request_id, actor=request.user, amount=granted, note=note)
    return f"Approved: {in_credits(granted)}."
