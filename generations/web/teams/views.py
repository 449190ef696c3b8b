"""Pages to create a team, to change or delete it, and to leave it."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.roles import Right
from generations.accounts.team_deletion import WrongNameError, cancel_team_deletion, schedule_team_deletion
from generations.accounts.teams import create_team, rename_team, set_time_zone
from generations.jobs import offboarding

from ..decorators import PageRequest, TeamRequest, by_method, signed_in, team_page
from .forms import DeleteTeamForm, NewTeamForm, TeamNameForm, TimeZoneForm


@signed_in
@require_safe
def open_new_team(request: PageRequest) -> HttpResponse:
    return render(request, "teams/new.html", {"form": NewTeamForm()})


@signed_in
@require_POST
def save_new_team(request: PageRequest) -> HttpResponse:
    form = NewTeamForm(request.POST)
    if not form.is_valid():
        return render(request, "teams/new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    team = create_team(name=form.cleaned_data["name"], owner=request.user)
    messages.success(request, f"Team {team} created. Invite your colleagues.")
    return redirect("people", team.slug)


new_team = by_method(get=open_new_team, post=save_new_team)


@team_page(Right.MANAGE_TEAM)
@require_safe
def team_settings(request: TeamRequest) -> HttpResponse:
    return _show_settings(request)


@team_page(Right.OWN_TEAM)
@require_POST
def rename(request: TeamRequest) -> HttpResponse:
    form = TeamNameForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, HTTPStatus.UNPROCESSABLE_ENTITY, name_form=form)
    rename_team(actor=request.membership, name=form.cleaned_data["name"])
    messages.success(request, f"Team renamed to {request.membership.team}. The URL did not change.")
    return _to_settings(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def time_zone(request: TeamRequest) -> HttpResponse:
    form = TimeZoneForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, HTTPStatus.UNPROCESSABLE_ENTITY, zone_form=form)
    set_time_zone(actor=request.membership, time_zone=form.cleaned_data["time_zone"])
    messages.success(request, "Time zone changed. Current limit periods end in the new time zone.")
    return _to_settings(request)


@team_page(Right.OWN_TEAM)
@require_POST
def schedule_deletion(request: TeamRequest) -> HttpResponse:
    """Schedule the deletion of the team, if its name was typed correctly."""
    form = DeleteTeamForm(request.POST, team=request.membership.team)
    try:
        schedule_team_deletion(actor=request.membership, typed_name=form.data.get("name", ""))
    except WrongNameError as error:
        form.full_clean()
        form.errors.clear()
        form.add_error("name", error.message)
        return _show_settings(request, HTTPStatus.UNPROCESSABLE_ENTITY, end_form=form)
    date = f"{request.membership.team.ends_at:%-d %B %Y}"
    messages.warning(request, f"The team will be deleted on {date}. You can cancel this until then.")
    return _to_settings(request)


@team_page(Right.OWN_TEAM)
@require_POST
def cancel_deletion(request: TeamRequest) -> HttpResponse:
    cancel_team_deletion(actor=request.membership)
    messages.success(request, "Deletion canceled.")
    return _to_settings(request)


@team_page()
@require_safe
def confirm_leave(request: TeamRequest) -> HttpResponse:
    return render(request, "teams/leave.html")


@team_page()
@require_POST
def leave_team(request: TeamRequest) -> HttpResponse:
    team = request.membership.team
    offboarding.leave_team(membership=request.membership)
    messages.success(request, f"You left {team}.")
    return HttpResponseRedirect(resolve_url("home"))


leave = by_method(get=confirm_leave, post=leave_team)


def _show_settings(request: TeamRequest, status: HTTPStatus = HTTPStatus.OK, **forms: Any) -> HttpResponse:
    team = request.membership.team
    context = {
        "can_own": request.membership.can(Right.OWN_TEAM),
        "name_form": TeamNameForm({"name": team.name}),
        "zone_form": TimeZoneForm(initial={"time_zone": team.time_zone}),
        "end_form": DeleteTeamForm(team=team),
        **forms,
    }
    return render(request, "teams/settings.html", context, status=status)


def _to_settings(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("team_settings", request.membership.team.slug))
