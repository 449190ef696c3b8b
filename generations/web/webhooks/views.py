"""Webhooks: which there are, what each was told and how it answered, and what can be done about it."""

import json
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import keyset_page
from generations.events.models import DeliveryState, WebhookEndpoint
from generations.events.webhooks import delivery_log, endpoints
from generations.events.webhooks.http import BadEndpointError
from generations.events.webhooks.signing import body_bytes

from ..decorators import TeamRequest, by_method, team_page
from .forms import RecoverForm, WebhookForm

PAGE_SIZE = 25
manager_page = team_page(Right.MANAGE_TEAM)


@manager_page
@require_safe
def webhooks(request: TeamRequest) -> HttpResponse:
    found = WebhookEndpoint.objects.filter(team=request.membership.team).order_by("created_at", "pk")
    return render(request, "webhooks/list.html", {"endpoints": found})


@manager_page
@require_safe
def open_new(request: TeamRequest) -> HttpResponse:
    return render(request, "webhooks/form.html", {"form": WebhookForm()})


@manager_page
@require_POST
def make(request: TeamRequest) -> HttpResponse:
    form, team = WebhookForm(request.POST), request.membership.team
    if form.is_valid():
        try:
            made = endpoints.create_endpoint(team_id=team.pk, actor_id=request.user.pk, **form.values())
        except (BadEndpointError, endpoints.TooManyEndpointsError) as error:
            form.add_refusal(error)
        else:
            messages.success(request, "Made. Put its secret into your program, then send a test.")
            return redirect("webhook", team.slug, made.pk)
    return render(request, "webhooks/form.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@manager_page
@require_safe
def open_edit(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = _access(request, endpoint_id)
    return render(request, "webhooks/form.html", {"form": WebhookForm.of(endpoint), "endpoint": endpoint})


@manager_page
@require_POST
def change(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint, form = _access(request, endpoint_id), WebhookForm(request.POST)
    if form.is_valid():
        try:
            endpoints.change_endpoint(endpoint=endpoint, actor_id=request.user.pk, **form.values())
        except BadEndpointError as error:
            form.add_refusal(error)
        else:
            return redirect("webhook", request.membership.team.slug, endpoint.pk)
    context = {"form": form, "endpoint": endpoint}
    return render(request, "webhooks/form.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


new = by_method(get=open_new, post=make)
edit = by_method(get=open_edit, post=change)


@manager_page
@require_safe
def webhook(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    """One webhook with its log, all of it or one state. htmx asks for more rows and gets rows alone."""
    endpoint, state = _access(request, endpoint_id), request.GET.get("state", "")
    page = keyset_page(delivery_log.deliveries_of(endpoint, state), cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {"endpoint": endpoint, "page": page, "state": state if state in DeliveryState.values else ""}
    if request.htmx:
        return render(request, "webhooks/_deliveries.html", context)
    context |= {"states": DeliveryState.choices, "recover_form": RecoverForm()}
    response = render(request, "webhooks/detail.html", context)
    response["Cache-Control"] = "no-store"  # the secret stands on it
    return response


@manager_page
@require_safe
def delivery(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    endpoint = _access(request, endpoint_id)
    found = delivery_log.access_delivery(endpoint, delivery_id)
    body = json.dumps(json.loads(body_bytes(found.payload)), indent=2, ensure_ascii=False)
    return render(request, "webhooks/delivery.html", {"endpoint": endpoint, "delivery": found, "body": body})


@manager_page
@require_safe
def row(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    """One row of the log, asked for again while its outcome is awaited."""
    endpoint = _access(request, endpoint_id)
    found = delivery_log.access_delivery(endpoint, delivery_id)
    return render(request, "webhooks/_delivery.html", {"endpoint": endpoint, "delivery": found})


@manager_page
@require_POST
def again(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = delivery_log.access_delivery(_access(request, endpoint_id), delivery_id)
    try:
        delivery_log.resend(found)
        messages.success(request, "It is sent again now.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return redirect("webhook_delivery", request.membership.team.slug, endpoint_id, delivery_id)


@manager_page
@require_POST
def act(request: TeamRequest, endpoint_id: UUID, name: str) -> HttpResponse:
    """Do one of `ACTS` to a webhook and say what came of it."""
    endpoint = _access(request, endpoint_id)
    if name not in ACTS:
        raise NotFoundError
    try:
        return ACTS[name](request, endpoint)
    except DailiesError as error:
        messages.warning(request, error.message)
        return _back(request, endpoint)


def _test(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    """Queue a test; htmx gets its row, which asks for itself until the answer is there."""
    made = delivery_log.send_test(endpoint)
    if request.htmx:
        return render(request, "webhooks/_delivery.html", {"endpoint": endpoint, "delivery": made})
    return redirect("webhook_delivery", request.membership.team.slug, endpoint.pk, made.pk)


def _on(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.turn_on(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "On. What waited is sent now.")
    return _back(request, endpoint)


def _off(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.turn_off(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "Off. Nothing is sent or kept for it until you switch it on.")
    return _back(request, endpoint)


def _rotate(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.rotate_secret(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "There is a new secret. For a day each message is signed with both.")
    return _back(request, endpoint)


def _recover(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    form = RecoverForm(request.POST)
    if form.is_valid():
        count = delivery_log.resend_failed(endpoint, since=form.since)
        messages.success(request, f"{count:,} sent again now." if count else "Nothing was given up in that time.")
    return _back(request, endpoint)


def _delete(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.delete_endpoint(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "Deleted, with its log.")
    return redirect("webhooks", request.membership.team.slug)


ACTS: dict[str, Callable[[TeamRequest, WebhookEndpoint], HttpResponse]] = {
    "test": _test,
    "on": _on,
    "off": _off,
    "rotate": _rotate,
    "recover": _recover,
    "delete": _delete,
}


def _access(request: TeamRequest, endpoint_id: UUID) -> WebhookEndpoint:
    return endpoints.access_endpoint(request.membership.team_id, endpoint_id)


def _back(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponseRedirect:
    return redirect("webhook", request.membership.team.slug, endpoint.pk)
