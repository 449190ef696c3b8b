from django.urls import path

from . import views

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("<uuid:generation_id>/row", views.row, name="job_row"),
    path("<uuid:generation_id>/cancel", views.cancel, name="cancel"),
    path("<uuid:generation_id>/retry", views.retry, name="retry"),
]
