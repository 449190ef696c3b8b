from django.urls import path

from . import views

urlpatterns = [
    path("", views.notifications, name="notifications"),
    path("bell", views.unread_link, name="notification_bell"),
    path("read", views.mark_all_read, name="notifications_read"),
    path("<int:notification_id>/read", views.read, name="notification_read"),
]
