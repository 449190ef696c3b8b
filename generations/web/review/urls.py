from django.urls import path

from . import views

urlpatterns = [
    path("takes/<uuid:generation_id>/decision", views.decision, name="decision"),
]
