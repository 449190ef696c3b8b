from django.urls import path

from . import views

urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("<uuid:generation_id>/tile", views.job_tile, name="job_tile"),
]
