from django.urls import path

from . import views

urlpatterns = [
    path("studio/", views.studio, name="studio"),
    path("studio/options", views.options, name="studio_options"),
    path("stills/", views.image, name="images"),
]
