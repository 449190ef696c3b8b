from django.urls import path

from . import views

urlpatterns = [
    path("", views.quotas, name="quotas"),
    path("members/<int:member_id>/raise", views.add_increase, name="quota_increase"),
    path("raises/<int:increase_id>/end", views.remove_increase, name="quota_increase_remove"),
    path("<slug:level>/<slug:subject>/", views.quota, name="quota"),
]
