"""Light, dark, or as the system says. The choice is a cookie that the server reads, so that no page flashes."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from generations.accounts.access import access_team
from generations.accounts.models import Membership, User
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError

from ..context_processors import COOKIE, THEMES
from ..decorators import LAST_TEAM, TeamRequest, team_page

YEAR = 365 * 24 * 3600


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if (theme := request.POST.get("theme", "")) in THEMES:
        response.set_cookie(COOKIE, theme, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home/home.html")
    membership = _last_membership(request)
    return redirect_to_team(membership) if membership else render(request, "home/no_team.html")


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
