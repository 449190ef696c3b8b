from django.urls import path

from . import views

urlpatterns = [
    path("", views.transactions, name="credits"),
    path("report/", views.report, name="credit_report"),
    path("requests/", views.credit_requests, name="credit_requests"),
    path("requests/<uuid:request_id>/approve", views.approve, name="credit_request_approve"),
    path("requests/<uuid:request_id>/decline", views.decline, name="credit_request_decline"),
    path("requests/<uuid:request_id>/withdraw", views.withdraw, name="credit_request_withdraw"),
    path("alerts/", views.alerts, name="credit_alerts"),
    path("alerts/<int:member_id>/drop", views.remove_alert_recipient, name="credit_alert_remove"),
]
