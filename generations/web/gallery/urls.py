from django.urls import path

from . import views

urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("<uuid:generation_id>/tile", views.running, name="job_tile"),
]
