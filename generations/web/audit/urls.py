from django.urls import path

from . import views

urlpatterns = [
    path("ops/audit/", views.site_audit, name="site_audit"),
    path("t/<slug:slug>/audit/", views.audit, name="audit"),
]
