"""The front door: a short page for strangers, the last used team for everybody else."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from generations.accounts.access import access_team
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError

from ..teams import LAST_TEAM, TeamRequest, team_page


def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html")
    membership = _last_membership(request)
    return redirect_to_team(membership) if membership else render(request, "no_team.html")


@team_page()
def team(request: TeamRequest) -> HttpResponse:
    return redirect_to_team(request.membership)


def redirect_to_team(membership: Membership) -> HttpResponse:
    """Where a member's work is: the studio, or the gallery for who may only look."""
    return redirect("studio" if membership.can(Right.GENERATE) else "gallery", membership.team.slug)


def _last_membership(request: HttpRequest) -> Membership | None:
    user = cast(User, request.user)
    try:
        return access_team(user, request.session.get(LAST_TEAM, ""))
    except NotFoundError:
        mine = user.memberships.filter(deactivated_at__isnull=True).select_related("team")
        return mine.order_by("-created_at", "-id").first()
