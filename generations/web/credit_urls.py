"""The credit desk of a team."""

from django.urls import URLPattern, path

from .views import credit_reports, credit_requests, decisions, quotas, statement

urlpatterns: list[URLPattern] = [
    path("t/<slug:slug>/credits/", statement.statement, name="credits"),
    path("t/<slug:slug>/credits/report/", credit_reports.report, name="credit_report"),
    path("t/<slug:slug>/takes/<uuid:generation_id>/decision", decisions.decision, name="decision"),
    path("t/<slug:slug>/credits/requests/", credit_requests.requests, name="credit_requests"),
    path(
        "t/<slug:slug>/credits/requests/<uuid:request_id>/approve",
        credit_requests.approve,
        name="credit_request_approve",
    ),
    path(
        "t/<slug:slug>/credits/requests/<uuid:request_id>/decline",
        credit_requests.decline,
        name="credit_request_decline",
    ),
    path(
        "t/<slug:slug>/credits/requests/<uuid:request_id>/withdraw",
        credit_requests.withdraw,
        name="credit_request_withdraw",
    ),
    path("t/<slug:slug>/credits/quotas/", quotas.quotas, name="quotas"),
    path("t/<slug:slug>/credits/quotas/members/<int:member_id>/raise", quotas.give_raise, name="quota_raise"),
    path("t/<slug:slug>/credits/quotas/raises/<int:raise_id>/end", quotas.end_raise, name="quota_raise_end"),
    path("t/<slug:slug>/credits/quotas/<slug:level>/<slug:subject>/", quotas.quota, name="quota"),
]
