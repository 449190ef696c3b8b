"""Webhooks: where a team's programs are told."""

from django.urls import path

from .views import webhooks

_TEAM = "t/<slug:slug>/webhooks/"
_ONE = f"{_TEAM}<uuid:endpoint_id>/"
_DELIVERY = f"{_ONE}deliveries/<uuid:delivery_id>/"

urlpatterns = [
    path(_TEAM, webhooks.webhooks, name="webhooks"),
    path(f"{_TEAM}new", webhooks.new, name="webhook_new"),
    path(_ONE, webhooks.webhook, name="webhook"),
    path(f"{_ONE}edit", webhooks.edit, name="webhook_edit"),
    path(_DELIVERY, webhooks.delivery, name="webhook_delivery"),
    path(f"{_DELIVERY}row", webhooks.row, name="webhook_delivery_row"),
    path(f"{_DELIVERY}again", webhooks.again, name="webhook_again"),
    path(f"{_ONE}<slug:name>", webhooks.act, name="webhook_act"),
]
