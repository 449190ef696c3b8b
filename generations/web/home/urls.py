from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("theme", views.choose_theme, name="theme"),
    path("t/<slug:slug>/", views.team, name="team"),
]
