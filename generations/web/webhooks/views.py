"""Pages of webhooks: list, create, edit, the log of deliveries, and actions."""

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
from ..formatting import figure
from .forms import ResendForm, WebhookForm

PAGE_SIZE = 25
manager_page = team_page(Right.MANAGE_TEAM)


@manager_page
@require_safe
def webhooks(request: TeamRequest) -> HttpResponse:
    team_endpoints = WebhookEndpoint.objects.filter(team=request.membership.team)
    return render(request, "webhooks/list.html", {"endpoints": team_endpoints.order_by("created_at", "pk")})


@manager_page
@require_safe
def open_new_webhook(request: TeamRequest) -> HttpResponse:
    return render(request, "webhooks/form.html", {"form": WebhookForm()})


@manager_page
@require_POST
def save_new_webhook(request: TeamRequest) -> HttpResponse:
    form, team = WebhookForm(request.POST), request.membership.team
    if form.is_valid():
        try:
            endpoint = endpoints.create_endpoint(team_id=team.pk, actor_id=request.user.pk, **form.values())
        except (BadEndpointError, endpoints.TooManyEndpointsError) as error:
            form.add_service_error(error)
        else:
            messages.success(request, "Webhook created. Copy its secret, then send a test.")
            return redirect("webhook", team.slug, endpoint.pk)
    return render(request, "webhooks/form.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@manager_page
@require_safe
def open_edit_form(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = _access(request, endpoint_id)
    return render(request, "webhooks/form.html", {"form": WebhookForm.of(endpoint), "endpoint": endpoint})


@manager_page
@require_POST
def save_changes(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint, form = _access(request, endpoint_id), WebhookForm(request.POST)
    if form.is_valid():
        try:
            endpoints.change_endpoint(endpoint=endpoint, actor_id=request.user.pk, **form.values())
        except BadEndpointError as error:
            form.add_service_error(error)
        else:
            return redirect("webhook", request.membership.team.slug, endpoint.pk)
    context = {"form": form, "endpoint": endpoint}
    return render(request, "webhooks/form.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


new = by_method(get=open_new_webhook, post=save_new_webhook)
edit = by_method(get=open_edit_form, post=save_changes)


@manager_page
@require_safe
def webhook(request: TeamRequest, endpoint_id: UUID) -> HttpResponse:
    """Show one webhook with its deliveries, filtered by state. htmx loads more rows."""
    endpoint, state = _access(request, endpoint_id), request.GET.get("state", "")
    page = keyset_page(delivery_log.deliveries_of(endpoint, state), cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {"endpoint": endpoint, "page": page, "state": state if state in DeliveryState.values else ""}
    if request.htmx:
        return render(request, "webhooks/_deliveries.html", context)
    context |= {"states": DeliveryState.choices, "recover_form": ResendForm()}
    response = render(request, "webhooks/detail.html", context)
    response["Cache-Control"] = "no-store"  # the page contains the secret
    return response


@manager_page
@require_safe
def delivery(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    endpoint = _access(request, endpoint_id)
    delivery = delivery_log.access_delivery(endpoint, delivery_id)
    body = json.dumps(json.loads(body_bytes(delivery.payload)), indent=2, ensure_ascii=False)
    return render(request, "webhooks/delivery.html", {"endpoint": endpoint, "delivery": delivery, "body": body})


@manager_page
@require_safe
def row(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Return one row of the log. The page polls it until the delivery has a result."""
    endpoint = _access(request, endpoint_id)
    delivery = delivery_log.access_delivery(endpoint, delivery_id)
    return render(request, "webhooks/_delivery.html", {"endpoint": endpoint, "delivery": delivery})


@manager_page
@require_POST
def resend(request: TeamRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    delivery = delivery_log.access_delivery(_access(request, endpoint_id), delivery_id)
    try:
        delivery_log.resend(delivery)
        messages.success(request, "Delivery queued again.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return redirect("webhook_delivery", request.membership.team.slug, endpoint_id, delivery_id)


@manager_page
@require_POST
def webhook_action(request: TeamRequest, endpoint_id: UUID, name: str) -> HttpResponse:
    """Run one of `ACTIONS` on a webhook and show its result."""
    endpoint = _access(request, endpoint_id)
    if name not in ACTIONS:
        raise NotFoundError
    try:
        return ACTIONS[name](request, endpoint)
    except DailiesError as error:
        messages.warning(request, error.message)
        return _back(request, endpoint)


def _send_test(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    """Queue a test. htmx gets its row, which polls until the result is there."""
    test = delivery_log.send_test(endpoint)
    if request.htmx:
        return render(request, "webhooks/_delivery.html", {"endpoint": endpoint, "delivery": test})
    return redirect("webhook_delivery", request.membership.team.slug, endpoint.pk, test.pk)


def _enable(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.turn_on(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "Webhook enabled. Queued events are being sent.")
    return _back(request, endpoint)


def _disable(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.turn_off(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "Webhook disabled. Events are not sent or queued until you enable it.")
    return _back(request, endpoint)


def _rotate(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.rotate_secret(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "New secret created. For 1 day, each request is signed with both secrets.")
    return _back(request, endpoint)


def _resend_failed(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    form = ResendForm(request.POST)
    if form.is_valid():
        count = delivery_log.resend_failed(endpoint, since=form.since)
        deliveries = f"{figure(count)} failed deliver{'y' if count == 1 else 'ies'} queued again."
        messages.success(request, deliveries if count else "No failed deliveries in that period.")
    return _back(request, endpoint)


def _delete(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    endpoints.delete_endpoint(endpoint=endpoint, actor_id=request.user.pk)
    messages.success(request, "Webhook and its log deleted.")
    return redirect("webhooks", request.membership.team.slug)


ACTIONS: dict[str, Callable[[TeamRequest, WebhookEndpoint], HttpResponse]] = {
    "test": _send_test,
    "on": _enable,
    "off": _disable,
    "rotate": _rotate,
    "recover": _resend_failed,
    "delete": _delete,
}


def _access(request: TeamRequest, endpoint_id: UUID) -> WebhookEndpoint:
    return endpoints.access_endpoint(request.membership.team_id, endpoint_id)


def _back(request: TeamRequest, endpoint: WebhookEndpoint) -> HttpResponseRedirect:
    return redirect("webhook", request.membership.team.slug, endpoint.pk)
