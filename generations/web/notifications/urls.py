from django.urls import path

from . import views

urlpatterns = [
    path("", views.notices, name="notifications"),
    path("bell", views.bell, name="notification_bell"),
    path("read", views.read_all, name="notifications_read"),
    path("<int:notice_id>/read", views.read, name="notification_read"),
]
