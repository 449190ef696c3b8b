"""Review a take: approve it, request changes, or remove the review."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST

from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.jobs.queries import access_generation
from generations.library.models import Take
from generations.library.takes import access_take
from generations.review.decisions import NotFinishedError, decide, withdraw_decision
from generations.review.models import Verdict

from ..decorators import TeamRequest, team_page

RESULTS = {Verdict.APPROVED: "Approved.", Verdict.CHANGES: "Changes requested."}


@team_page(Right.REVIEW)
@require_POST
def decision(request: TeamRequest, take_id: UUID) -> HttpResponse:
    """Save the member's review of a take. An empty verdict removes it."""
    take = _access_finished(request, take_id)
    verdict = request.POST.get("verdict", "")
    if verdict not in ("", *Verdict.values):
        raise NotFoundError
    if verdict:
        note = request.POST.get("note", "")
        decide(membership=request.membership, take=take, verdict=Verdict(verdict), note=note)
        messages.success(request, RESULTS[Verdict(verdict)])
    elif withdraw_decision(membership=request.membership, take=take):
        messages.success(request, "Review removed.")
    return HttpResponseRedirect(resolve_url("take", request.membership.team.slug, take.pk))


def _access_finished(request: TeamRequest, take_id: UUID) -> Take:
    try:
        return access_take(request.membership, take_id)
    except NotFoundError:
        access_generation(request.membership, take_id)
        raise NotFinishedError from None
