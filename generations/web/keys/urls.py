from django.urls import path

from . import views

urlpatterns = [
    path("", views.keys, name="keys"),
    path("new", views.new, name="key_new"),
    path("<uuid:key_id>/", views.key, name="key"),
    path("<uuid:key_id>/rotate", views.rotation, name="key_rotate"),
    path("<uuid:key_id>/revoke", views.revoke, name="key_revoke"),
]
