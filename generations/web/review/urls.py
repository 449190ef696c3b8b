from django.urls import path

from . import views

urlpatterns = [
    path("takes/<uuid:take_id>/decision", views.decision, name="decision"),
]
