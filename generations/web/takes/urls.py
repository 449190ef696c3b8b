from django.urls import path

from . import views

urlpatterns = [
    path("media/<uuid:asset_id>", views.asset, name="media"),
    path("t/<slug:slug>/takes/<uuid:take_id>/", views.take, name="take"),
    path("t/<slug:slug>/takes/<uuid:take_id>/download", views.download, name="download"),
]
