"""The gallery of a team: its takes, and above them the member's own jobs in progress."""

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
    """Show a page of takes. htmx loads more tiles."""
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
def job_tile(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """Return the tile of one job. The page loads it when the job has changed."""
    job = access_generation(request.membership, generation_id)
    return render(request, "gallery/_job.html", {"job": job})


def _project(request: TeamRequest) -> Project | None:
    value = request.GET.get("project", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise NotFoundError
    return access_project(request.membership, int(value))
