from django.urls import path

from . import views

urlpatterns = [
    path("", views.quotas, name="quotas"),
    path("members/<int:member_id>/raise", views.give_raise, name="quota_increase"),
    path("raises/<int:raise_id>/end", views.end_raise, name="quota_increase_remove"),
    path("<slug:level>/<slug:subject>/", views.quota, name="quota"),
]
