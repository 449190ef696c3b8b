"""The gallery of a team: what is finished, and quietly above it what the member has under way."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.common.errors import NotFoundError
from generations.events.streams.origins import events_url
from generations.jobs.queries import access_generation, running_jobs
from generations.library.models import Project
from generations.library.projects import access_project, open_projects
from generations.library.takes import gallery_page

from ..decorators import TeamRequest, team_page


@team_page()
@require_safe
def gallery(request: TeamRequest) -> HttpResponse:
    """A page of tiles. htmx asks for more of them and gets the tiles alone."""
    cursor = request.GET.get("after")
    project = _project(request)
    page = gallery_page(request.membership, cursor=cursor, project=project)
    shown = {"page": page, "project": project}
    if request.htmx:
        return render(request, "gallery/_tiles.html", shown)
    context = {
        **shown,
        "projects": open_projects(request.membership.team),
        "running": [] if cursor else running_jobs(request.membership),
        "is_first_page": not cursor,
        "events_url": events_url(request, request.membership.team),
    }
    return render(request, "gallery/gallery.html", context)


@team_page()
@require_safe
def running(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """The quiet tile of one job under way, asked for when it has changed."""
    job = access_generation(request.membership, generation_id)
    return render(request, "gallery/_job.html", {"job": job})


def _project(request: TeamRequest) -> Project | None:
    given = request.GET.get("project", "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise NotFoundError
    return access_project(request.membership, int(given))
