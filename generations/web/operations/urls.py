from django.urls import path

from . import views

urlpatterns = [
    path("", views.overview, name="operations"),
    path("gates/<int:throttle_id>/probe", views.probe, name="operations_probe"),
    path("jobs/<uuid:generation_id>/<slug:name>", views.job_action, name="operations_job_action"),
    path("credits/", views.credits_overview, name="operations_credits"),
    path("credits/teams/<int:team_id>/", views.team, name="operations_team"),
    path("credits/teams/<int:team_id>/grant", views.grant, name="operations_grant"),
    path("credits/teams/<int:team_id>/transfer", views.transfer, name="operations_transfer"),
    path("credits/teams/<int:team_id>/refill", views.refill, name="operations_refill"),
    path("credits/teams/<int:team_id>/freeze", views.freeze_team, name="operations_freeze"),
    path("credits/freeze", views.freeze_site, name="operations_freeze_all"),
    path("credits/freezes/<int:freeze_id>/end", views.end_freeze, name="operations_unfreeze"),
    path("credits/requests/<uuid:request_id>", views.decide_request, name="operations_request"),
    path("prices/", views.prices, name="operations_prices"),
    path("prices/<int:row_id>/withdraw", views.delete_scheduled_price, name="operations_price_withdraw"),
    path("prices/models/<str:model>", views.enable_model, name="operations_model"),
]
