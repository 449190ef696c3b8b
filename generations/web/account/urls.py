from django.urls import path

from . import views

urlpatterns = [
    path("", views.profile, name="account_profile"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("sessions/end", views.end_other_sessions, name="account_sessions_end"),
    path("sessions/<int:session_id>/end", views.end_one_session, name="account_session_end"),
    path("data/", views.data, name="account_data"),
    path("data/export", views.export, name="account_export"),
    path("delete/", views.delete, name="account_delete"),
    path("oidc/<slug:provider_id>/login/", views.openid_redirect, name="openid_connect_redirect"),
]
