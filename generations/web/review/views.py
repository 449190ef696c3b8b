"""Approve a take, or say that it needs changes."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST

from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.jobs.queries import access_generation
from generations.review.decisions import decide, take_back_decision
from generations.review.models import Verdict

from ..decorators import TeamRequest, team_page


@team_page(Right.REVIEW)
@require_POST
def decision(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """Keep the verdict; an empty one takes back what was said."""
    take = access_generation(request.user, generation_id)
    verdict = request.POST.get("verdict", "")
    if take.team_id != request.membership.team_id or verdict not in ("", *Verdict.values):
        raise NotFoundError
    if verdict:
        kept = decide(
            membership=request.membership, take=take, verdict=Verdict(verdict), note=request.POST.get("note", "")
        )
        messages.success(request, f"{kept.get_verdict_display()}.")
    elif take_back_decision(membership=request.membership, take=take):
        messages.success(request, "Taken back.")
    return HttpResponseRedirect(resolve_url("take", request.membership.team.slug, take.pk))
