"""Take pages: the player with its facts, the download, and stored media files."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.text import Truncator, slugify
from django.views.decorators.http import require_safe

from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.jobs.queries import access_generation
from generations.library.models import Take
from generations.library.takes import access_take, neighbors
from generations.media.assets import access_asset, asset_membership
from generations.media.serving import serve_asset
from generations.review.decisions import decisions_on

from ..decorators import PageRequest, TeamRequest, signed_in, team_page


@team_page()
@require_safe
def take(request: TeamRequest, take_id: UUID) -> HttpResponse:
    """Show a take. The id of a job that has no take redirects to the list of jobs."""
    try:
        take = access_take(request.membership, take_id)
    except NotFoundError:
        access_generation(request.membership, take_id)
        return HttpResponseRedirect(resolve_url("jobs", request.membership.team.slug))
    decisions = list(decisions_on(take))
    context = {
        "take": take,
        "adjacent": neighbors(take),
        "has_settings": request.membership.can(Right.GENERATE),
        "can_review": request.membership.can(Right.REVIEW),
        "decisions": decisions,
        "has_decided": any(decision.user_id == request.user.pk for decision in decisions),
    }
    return render(request, "takes/detail.html", context)


@team_page()
@require_safe
def download(request: TeamRequest, take_id: UUID) -> HttpResponseBase:
    take = access_take(request.membership, take_id)
    return serve_asset(request, take.video, as_attachment=True, filename=file_name(take))


def file_name(take: Take) -> str:
    """Return a name such as `a-boat-leaves-the-harbour-1920x1080-24fps-3f2a9c.mp4`: sorted by prompt, and unique."""
    words = slugify(Truncator(take.prompt).words(8, truncate="")) or "take"
    return f"{words[:60]}-{take.resolution}-{take.fps}fps-{take.pk.hex[-6:]}.mp4"


@signed_in
@require_safe
def asset(request: PageRequest, asset_id: UUID) -> HttpResponseBase:
    """Serve an image, a poster or a video to members of its team."""
    membership = asset_membership(request.user, asset_id)
    return serve_asset(request, access_asset(membership, asset_id), is_for_player=True)
