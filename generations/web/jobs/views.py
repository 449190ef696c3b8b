"""The list of jobs, live: one row can be asked for alone, and a waiting job can be taken back."""

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

PAGE_SIZE = 25


@team_page(Right.GENERATE)
@require_safe
def jobs(request: TeamRequest) -> HttpResponse:
    """My jobs, newest first; with the right for it, everybody's. htmx asks for more rows and gets rows alone."""
    can_see_all = request.membership.can(Right.MANAGE_JOBS)
    is_all = can_see_all and request.GET.get("of") == "everybody"
    found = Generation.objects.listed_for(request.membership)
    found = found if is_all else found.filter(author=request.user)
    page = keyset_page(found.with_media(), cursor=request.GET.get("after"), size=PAGE_SIZE)
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
    """Take a waiting job back and return its credits. Too late is a 409 that says so."""
    job = _access(request, generation_id)
    cancel_generation(membership=request.membership, generation=job)
    if request.htmx:
        return _row(request, _access(request, generation_id))
    messages.success(request, f"Canceled. {job.price:,} credits returned.")
    return HttpResponseRedirect(resolve_url("jobs", request.membership.team.slug))


@team_page(Right.GENERATE)
@require_POST
def retry(request: TeamRequest, generation_id: UUID) -> HttpResponse:
    """Submit a job that failed or was canceled once more, as it was and for no more than it cost."""
    retry_generation(membership=request.membership, generation=_access(request, generation_id))
    messages.success(request, "Submitted again, as a new job.")
    to_list = resolve_url("jobs", request.membership.team.slug)
    return HttpResponseClientRedirect(to_list) if request.htmx else HttpResponseRedirect(to_list)


def _row(request: TeamRequest, job: Generation) -> HttpResponse:
    """One row, with what would cost a list too many queries: how long it usually takes."""
    context = {"job": job, "me": request.user.pk, "is_answer": True, "place": place_in_queue(job)}
    if job.state == State.PROCESSING:
        context["usual"] = usual_time(job)
    return render(request, "jobs/_row.html", context)


def _access(request: TeamRequest, generation_id: UUID) -> Generation:
    return access_generation(request.membership, generation_id)
