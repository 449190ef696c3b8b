"""A team's name, its clock and its end; a new team; and leaving one."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.ending import NameDiffersError, end_team, keep_team
from generations.accounts.roles import Right
from generations.accounts.teams import create_team, rename_team, set_time_zone
from generations.jobs.offboarding import leave_team

from ..decorators import PageRequest, TeamRequest, by_method, signed_in, team_page
from .forms import EndTeamForm, NewTeamForm, TeamNameForm, TimeZoneForm


@signed_in
@require_safe
def open_new_team(request: PageRequest) -> HttpResponse:
    return render(request, "teams/new.html", {"form": NewTeamForm()})


@signed_in
@require_POST
def make_team(request: PageRequest) -> HttpResponse:
    form = NewTeamForm(request.POST)
    if not form.is_valid():
        return render(request, "teams/new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    team = create_team(name=form.cleaned_data["name"], owner=request.user)
    messages.success(request, f"{team} is made. Invite the people you work with.")
    return redirect("people", team.slug)


new_team = by_method(get=open_new_team, post=make_team)


@team_page(Right.MANAGE_TEAM)
@require_safe
def team_settings(request: TeamRequest) -> HttpResponse:
    return _show(request)


@team_page(Right.OWN_TEAM)
@require_POST
def rename(request: TeamRequest) -> HttpResponse:
    form = TeamNameForm(request.POST)
    if not form.is_valid():
        return _show(request, HTTPStatus.UNPROCESSABLE_ENTITY, name_form=form)
    rename_team(actor=request.membership, name=form.cleaned_data["name"])
    messages.success(request, f"The team is called {request.membership.team} now. Its address stays as it was.")
    return _back(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def time_zone(request: TeamRequest) -> HttpResponse:
    form = TimeZoneForm(request.POST)
    if not form.is_valid():
        return _show(request, HTTPStatus.UNPROCESSABLE_ENTITY, zone_form=form)
    set_time_zone(actor=request.membership, time_zone=form.cleaned_data["time_zone"])
    messages.success(request, "The time zone is changed. Periods that run now end by it.")
    return _back(request)


@team_page(Right.OWN_TEAM)
@require_POST
def end(request: TeamRequest) -> HttpResponse:
    """Announce the team's end, once its name was typed."""
    form = EndTeamForm(request.POST, team=request.membership.team)
    try:
        end_team(actor=request.membership, typed_name=form.data.get("name", ""))
    except NameDiffersError as error:
        form.full_clean()
        form.errors.clear()
        form.add_error("name", error.message)
        return _show(request, HTTPStatus.UNPROCESSABLE_ENTITY, end_form=form)
    messages.warning(request, f"The team ends on {request.membership.team.ends_at:%-d %B %Y}. You may take that back.")
    return _back(request)


@team_page(Right.OWN_TEAM)
@require_POST
def keep(request: TeamRequest) -> HttpResponse:
    keep_team(actor=request.membership)
    messages.success(request, "The team stays.")
    return _back(request)


@team_page()
@require_safe
def open_leave(request: TeamRequest) -> HttpResponse:
    return render(request, "teams/leave.html")


@team_page()
@require_POST
def go(request: TeamRequest) -> HttpResponse:
    team = request.membership.team
    leave_team(membership=request.membership)
    messages.success(request, f"You have left {team}.")
    return HttpResponseRedirect(resolve_url("home"))


leave = by_method(get=open_leave, post=go)


def _show(request: TeamRequest, status: HTTPStatus = HTTPStatus.OK, **forms: Any) -> HttpResponse:
    team = request.membership.team
    context = {
        "can_own": request.membership.can(Right.OWN_TEAM),
        "name_form": TeamNameForm({"name": team.name}),
        "zone_form": TimeZoneForm(initial={"time_zone": team.time_zone}),
        "end_form": EndTeamForm(team=team),
        **forms,
    }
    return render(request, "teams/settings.html", context, status=status)


def _back(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("team_settings", request.membership.team.slug))
