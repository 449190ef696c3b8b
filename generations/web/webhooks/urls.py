from django.urls import path

from . import views

_DELIVERY = "<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/"

urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("new", views.new, name="webhook_new"),
    path("<uuid:endpoint_id>/", views.webhook, name="webhook"),
    path("<uuid:endpoint_id>/edit", views.edit, name="webhook_edit"),
    path(_DELIVERY, views.delivery, name="webhook_delivery"),
    path(f"{_DELIVERY}row", views.row, name="webhook_delivery_row"),
    path(f"{_DELIVERY}again", views.resend, name="webhook_resend"),
    path("<uuid:endpoint_id>/<slug:name>", views.webhook_action, name="webhook_action"),
]
