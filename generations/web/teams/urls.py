from django.urls import path

from . import views

urlpatterns = [
    path("teams/new", views.new_team, name="new_team"),
    path("t/<slug:slug>/settings/", views.team_settings, name="team_settings"),
    path("t/<slug:slug>/settings/name", views.rename, name="team_rename"),
    path("t/<slug:slug>/settings/time-zone", views.time_zone, name="team_time_zone"),
    path("t/<slug:slug>/settings/end", views.schedule_deletion, name="team_delete"),
    path("t/<slug:slug>/settings/keep", views.cancel_deletion, name="team_delete_cancel"),
    path("t/<slug:slug>/leave", views.leave, name="leave_team"),
]
