from django.urls import path

from . import views

urlpatterns = [
    path("", views.projects, name="projects"),
    path("<int:project_id>/rename", views.rename, name="project_rename"),
    path("<int:project_id>/archive", views.archive, name="project_archive"),
]
