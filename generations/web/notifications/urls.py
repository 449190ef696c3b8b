from django.urls import path

from . import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("bell", views.bell, name="bell"),
    path("read", views.read_all, name="notices_read"),
    path("<int:notice_id>/read", views.read, name="notice_read"),
]
