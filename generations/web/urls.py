"""URLs of the pages, one include per area. All pages of a team are below `/t/<slug>/`."""

from django.urls import include, path

TEAM = "t/<slug:slug>/"

urlpatterns = [
    path("", include("generations.web.home.urls")),
    path("", include("generations.web.teams.urls")),
    path("", include("generations.web.people.urls")),
    path("", include("generations.web.audit.urls")),
    path("", include("generations.web.takes.urls")),
    path("account/", include("generations.web.account.urls")),
    path("notices/", include("generations.web.notifications.urls")),
    path("ops/", include("generations.web.operations.urls")),
    path(TEAM, include("generations.web.studio.urls")),
    path(TEAM, include("generations.web.review.urls")),
    path(f"{TEAM}jobs/", include("generations.web.jobs.urls")),
    path(f"{TEAM}gallery/", include("generations.web.gallery.urls")),
    path(f"{TEAM}projects/", include("generations.web.projects.urls")),
    path(f"{TEAM}credits/quotas/", include("generations.web.quotas.urls")),
    path(f"{TEAM}credits/", include("generations.web.credits.urls")),
    path(f"{TEAM}keys/", include("generations.web.keys.urls")),
    path(f"{TEAM}webhooks/", include("generations.web.webhooks.urls")),
]
