"""The projects of a team: make, rename, put into the archive."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.roles import Right
from generations.common.errors import DailiesError
from generations.library.projects import (
    access_project,
    archive_project,
    create_project,
    projects_with_jobs,
    rename_project,
)

from ..decorators import TeamRequest, by_method, team_page


@team_page(Right.GENERATE)
@require_safe
def show(request: TeamRequest) -> HttpResponse:
    context = {
        "projects": projects_with_jobs(request.membership.team),
        "can_manage_jobs": request.membership.can(Right.MANAGE_JOBS),
    }
    return render(request, "projects/list.html", context)


@team_page(Right.GENERATE)
@require_POST
def make(request: TeamRequest) -> HttpResponse:
    try:
        made = create_project(membership=request.membership, name=request.POST.get("name", ""))
        messages.success(request, f"{made} is there to choose in the studio.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return _back(request)


projects = by_method(get=show, post=make)


@team_page(Right.MANAGE_JOBS)
@require_POST
def rename(request: TeamRequest, project_id: int) -> HttpResponse:
    project = access_project(request.membership, project_id)
    try:
        rename_project(membership=request.membership, project=project, name=request.POST.get("name", ""))
        messages.success(request, "Renamed.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return _back(request)


@team_page(Right.MANAGE_JOBS)
@require_POST
def archive(request: TeamRequest, project_id: int) -> HttpResponse:
    project = access_project(request.membership, project_id)
    is_archived = request.POST.get("is_archived") == "true"
    archive_project(membership=request.membership, project=project, is_archived=is_archived)
    messages.success(request, f"{project} is {'in' if is_archived else 'out of'} the archive.")
    return _back(request)


def _back(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("projects", request.membership.team.slug))
