"""The price list with its versions, and the models on offer, for site staff."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from generations.common.errors import DailiesError
from generations.contract.support import SUPPORT
from generations.credits.catalogue import price_versions, set_price, switch_model, withdraw_price
from generations.credits.models import OfferedModel, PriceRow

from ..staff_forms import PriceForm
from ..teams import PageRequest, by_method
from .operations import staff_page


@staff_page
@require_safe
def show(request: PageRequest) -> HttpResponse:
    return _page(request, PriceForm())


@staff_page
@require_POST
def save(request: PageRequest) -> HttpResponse:
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            row = set_price(**form.cleaned_data, actor=request.user)
            messages.success(request, f"{row} from {row.valid_from:%-d %B %Y} on.")
            return HttpResponseRedirect(resolve_url("operations_prices"))
        except DailiesError as error:
            form.add_error(None, error.message)
    return _page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)


prices = by_method(get=show, post=save)


@staff_page
@require_POST
def withdraw(request: PageRequest, row_id: int) -> HttpResponse:
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


def _page(request: PageRequest, form: PriceForm, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    context = {
        "form": form,
        "today": timezone.now().date(),
        "versions": sorted(price_versions(), key=_place),
        "models": OfferedModel.objects.all(),
    }
    return render(request, "operations/prices.html", context, status=status)
