"""The list of jobs with live rows, and the actions cancel and retry."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from generations.accounts.roles import Right
from generations.common.pagination import keyset_page
from generations.events.streams.origins import events_url
from generations.jobs.cancel_retry import cancel_generation, retry_generation
from generations.jobs.estimates import usual_time
from generations.jobs.models import Generation, State
from generations.jobs.queries import access_generation
from generations.jobs.queue import place_in_queue, places_in_queue

from ..decorators import TeamRequest, team_page
from ..formatting import in_credits

PAGE_SIZE = 25


@team_page(Right.GENERATE)
@require_safe
def jobs(request: TeamRequest) -> HttpResponse:
    """List the member's jobs, or with the right for it all jobs, newest first. htmx loads more rows."""
    can_see_all = request.membership.can(Right.MANAGE_JOBS)
    is_all = can_see_all and request.GET.get("of") == "everybody"
    generations = Generation.objects.listed_for(request.membership)
    generations = generations if is_all else generations.filter(author=request.user)
    page = keyset_page(generations.with_media(), cursor=request.GET.get("after"), size=PAGE_SIZE)
    places = places_in_queue(page.rows)
    rows = [(job, places.get(job.pk)) for job in page.rows]
    context = {"page": page, "rows": rows, "is_all": is_all, "can_see_all": can_see_all, "me": request.user.pk}
    if request.htmx:
        return render(request, "jobs/_rows.html", context)
    context["running"] = sum(not job.is_final for job in page.rows)
    context["events_url"] = events_url(request, request.membership.team)
    return render(request, "jobs/list.html", context)


@team_page(Right.GENERATE)
@require_safe
def row(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    return _row(request, _access(request, generation_id))


@team_page(Right.GENERATE)
@require_POST
def cancel(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """Cancel a queued job and refund its credits. A job that was sent already is a 409."""
    job = _access(request, generation_id)
    cancel_generation(membership=request.membership, generation=job)
    if request.htmx:
        return _row(request, _access(request, generation_id))
    messages.success(request, f"Canceled. {in_credits(job.price)} refunded.")
    return HttpResponseRedirect(resolve_url("jobs", request.membership.team.slug))


@team_page(Right.GENERATE)
@require_POST
def retry(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """Submit a failed or canceled job again with the same settings, for at most the same price."""
    retry_generation(membership=request.membership, generation=_access(request, generation_id))
    messages.success(request, "Retry started.")
    to_list = resolve_url("jobs", request.membership.team.slug)
    return HttpResponseClientRedirect(to_list) if request.htmx else HttpResponseRedirect(to_list)


def _row(request: TeamRequest, job: Generation) -> HttpResponse:
    """Return one row with the usual duration, which a list does not show because it needs a query per job."""
    context = {"job": job, "me": request.user.pk, "is_answer": True, "place": place_in_queue(job)}
    if job.state == State.PROCESSING:
        context["usual"] = usual_time(job)
    return render(request, "jobs/_row.html", context)


def _access(request: TeamRequest, generation_id: UUID) -> Generation:
    return access_generation(request.membership, generation_id)
