from django.urls import path

from . import views

urlpatterns = [
    path("", views.profile, name="account_profile"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("sessions/end", views.sessions_end, name="account_sessions_end"),
    path("sessions/<int:session_id>/end", views.session_end, name="account_session_end"),
    path("data/", views.data, name="account_data"),
    path("data/export", views.export, name="account_export"),
    path("delete/", views.delete, name="account_delete"),
    path("oidc/<slug:provider_id>/login/", views.leave, name="openid_connect_redirect"),
]
