"""Who is told when the credits run low."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.credits.crossings import LEVELS
from generations.credits.managers import managers_of
from generations.credits.models import Crossing, SpendWatcher
from generations.credits.watchers import set_watchers

from ..credit_pages import show_desk_page
from ..teams import TeamRequest, by_method, team_page

_RECENT = 20


@team_page(Right.MANAGE_CREDITS)
@require_safe
def show(request: TeamRequest) -> HttpResponse:
    team = request.membership.team
    told = Crossing.objects.filter(team=team).select_related("membership__user").order_by("-id")
    context = {
        "levels": LEVELS,
        "watchers": SpendWatcher.objects.filter(membership__team=team)
        .select_related("membership__user")
        .order_by("pk"),
        "managers": managers_of(team),
        "told": told[:_RECENT],
    }
    return show_desk_page(request, "credits/alerts.html", context)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def name(request: TeamRequest) -> HttpResponse:
    """Name one more member, by address."""
    members = Membership.objects.active().filter(team=request.membership.team)
    member = members.filter(user__email__iexact=request.POST.get("email", "").strip()).first()
    if member is None:
        messages.warning(request, "No member of this team has that address.")
    else:
        set_watchers(team=request.membership.team, member_ids=[*_named(request), member.pk], actor=request.user)
        messages.success(request, f"{member.user} is told from now on.")
    return _back(request)


alerts = by_method(get=show, post=name)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def drop(request: TeamRequest, member_id: int) -> HttpResponse:
    named = _named(request)
    if member_id not in named:
        raise NotFoundError
    left = [pk for pk in named if pk != member_id]
    set_watchers(team=request.membership.team, member_ids=left, actor=request.user)
    messages.success(request, "Not told any more.")
    return _back(request)


def _named(request: TeamRequest) -> list[int]:
    named = SpendWatcher.objects.filter(membership__team=request.membership.team)
    return list(named.values_list("membership", flat=True))


def _back(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("credit_alerts", request.membership.team.slug))
