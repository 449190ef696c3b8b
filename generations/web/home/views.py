"""The start page, the start page of a team, and the choice of the theme."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from generations.accounts.access import access_team
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError

from ..context_processors import THEME_COOKIE, THEMES
from ..decorators import LAST_TEAM, TeamRequest, team_page

YEAR = 365 * 24 * 3600  # seconds


def home(request: HttpRequest) -> HttpResponse:
    """Show the product to visitors. Redirect members to the team they opened last."""
    if not request.user.is_authenticated:
        return render(request, "home/home.html")
    membership = _last_membership(request)
    return redirect_to_team(membership) if membership else render(request, "home/no_team.html")


@team_page()
def team(request: TeamRequest) -> HttpResponse:
    return redirect_to_team(request.membership)


def redirect_to_team(membership: Membership) -> HttpResponse:
    """Redirect to the studio, or to the gallery for members who may not generate."""
    return redirect("studio" if membership.can(Right.GENERATE) else "gallery", membership.team.slug)


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the theme in a cookie and go back to the page in `next`, if it is on this site."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if (theme := request.POST.get("theme", "")) in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def _last_membership(request: HttpRequest) -> Membership | None:
    """Return the team opened last, or else the one joined last."""
    user = cast(User, request.user)
    try:
        return access_team(user, request.session.get(LAST_TEAM, ""))
    except NotFoundError:
        memberships = user.memberships.filter(deactivated_at__isnull=True).select_related("team")
        return memberships.order_by("-created_at", "-id").first()
