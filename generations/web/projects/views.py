"""The projects of a team: create, rename, archive."""

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
def show_projects(request: TeamRequest) -> HttpResponse:
    context = {
        "projects": projects_with_jobs(request.membership.team),
        "can_manage_jobs": request.membership.can(Right.MANAGE_JOBS),
    }
    return render(request, "projects/list.html", context)


@team_page(Right.GENERATE)
@require_POST
def save_new_project(request: TeamRequest) -> HttpResponse:
    try:
        project = create_project(membership=request.membership, name=request.POST.get("name", ""))
        messages.success(request, f"Project {project} created.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return _back(request)


projects = by_method(get=show_projects, post=save_new_project)


@team_page(Right.MANAGE_JOBS)
@require_POST
def rename(request: TeamRequest, project_id: int) -> HttpResponse:
    project = access_project(request.membership, project_id)
    try:
        rename_project(membership=request.membership, project=project, name=request.POST.get("name", ""))
        messages.success(request, f"Project renamed to {project}.")
    except DailiesError as error:
        messages.warning(request, error.message)
    return _back(request)


@team_page(Right.MANAGE_JOBS)
@require_POST
def archive(request: TeamRequest, project_id: int) -> HttpResponse:
    project = access_project(request.membership, project_id)
    is_archived = request.POST.get("is_archived") == "true"
    archive_project(membership=request.membership, project=project, is_archived=is_archived)
    messages.success(request, f"{project} {'archived' if is_archived else 'restored'}.")
    return _back(request)


def _back(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("projects", request.membership.team.slug))
