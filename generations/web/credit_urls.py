"""The credit desk of a team."""

from django.urls import URLPattern, path

from .views import (
    credit_alerts,
    credit_reports,
    credit_requests,
    decisions,
    operations_credits,
    operations_prices,
    projects,
    quotas,
    statement,
)

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
    path("t/<slug:slug>/credits/alerts/", credit_alerts.alerts, name="credit_alerts"),
    path("t/<slug:slug>/credits/alerts/<int:member_id>/drop", credit_alerts.drop, name="credit_alert_drop"),
    path("t/<slug:slug>/projects/", projects.projects, name="projects"),
    path("t/<slug:slug>/projects/<int:project_id>/rename", projects.rename, name="project_rename"),
    path("t/<slug:slug>/projects/<int:project_id>/archive", projects.archive, name="project_archive"),
    path("ops/credits/", operations_credits.overview, name="operations_credits"),
    path("ops/credits/teams/<int:team_id>/", operations_credits.team, name="operations_team"),
    path("ops/credits/teams/<int:team_id>/grant", operations_credits.grant, name="operations_grant"),
    path("ops/credits/teams/<int:team_id>/transfer", operations_credits.transfer, name="operations_transfer"),
    path("ops/credits/teams/<int:team_id>/refill", operations_credits.refill, name="operations_refill"),
    path("ops/credits/teams/<int:team_id>/freeze", operations_credits.stop, name="operations_freeze"),
    path("ops/credits/freeze", operations_credits.stop_all, name="operations_freeze_all"),
    path("ops/credits/freezes/<int:freeze_id>/end", operations_credits.go_on, name="operations_unfreeze"),
    path("ops/credits/requests/<uuid:request_id>", operations_credits.answer, name="operations_request"),
    path("ops/prices/", operations_prices.prices, name="operations_prices"),
    path("ops/prices/<int:row_id>/withdraw", operations_prices.withdraw, name="operations_price_withdraw"),
    path("ops/prices/models/<str:model>", operations_prices.switch, name="operations_model"),
]
