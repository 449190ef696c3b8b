"""The studio: a still, a wish, a price, and the button."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.contract.support import SUPPORT
from generations.credits.errors import FrozenError, NotAllowedError, OutOfCreditsError, TooManyJobsError
from generations.jobs.submit import GenerationRequest, InvalidRequestError, submit_generation
from generations.library.projects import BadProjectError, open_projects, project_named

from ..credits.request_panel import panel_for_shortage
from ..decorators import TeamRequest, by_method, team_page
from .forms import StudioForm
from .images import SLOTS, Slot, keep_uploads, stills_of
from .options import FIELD_NAMES
from .page import StudioPage, build_page, fresh_values

_REFUSED = {
    TooManyJobsError: HTTPStatus.TOO_MANY_REQUESTS,
    FrozenError: HTTPStatus.SERVICE_UNAVAILABLE,
}


@team_page(Right.GENERATE)
@require_safe
def open_studio(request: TeamRequest) -> HttpResponse:
    values = fresh_values(request.membership, like=request.GET.get("from", ""))
    stills = stills_of(request.membership, values)
    projects = open_projects(request.membership.team)
    return _show(request, build_page(values, stills=stills, balance=request.balance, projects=projects))


@team_page(Right.GENERATE)
@require_POST
def submit(request: TeamRequest) -> HttpResponse:
    """Store the job and go to the list. 422 or 402 show the form again, with everything that was in it."""
    membership = request.membership
    values, upload_errors = keep_uploads(request)
    stills = stills_of(membership, values)
    projects = open_projects(membership.team)
    form = StudioForm(values, stills=stills, projects=projects, upload_errors=upload_errors)
    page = build_page(form.data, stills=stills, balance=request.balance, projects=projects, errors=form.faults)
    if not form.is_valid() or page.has_price_increased:
        return _show(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        generation_request = _for_project(membership, form)
        key = form.cleaned_data["idempotency_key"]
        submit_generation(membership=membership, request=generation_request, idempotency_key=key)
    except BadProjectError as error:
        form.add_error("new_project", error.message)
        return _show(request, replace(page, errors=form.faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    except InvalidRequestError as error:
        form.add_violations(error.violations)
        return _show(request, replace(page, errors=form.faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    except OutOfCreditsError as error:
        panel = panel_for_shortage(membership, error.shortage)
        return _show(request, replace(page, shortage=error.shortage, request_panel=panel), HTTPStatus.PAYMENT_REQUIRED)
    except NotAllowedError as error:
        form.add_error(error.field if error.field in FIELD_NAMES else None, error.message)
        return _show(request, replace(page, errors=form.faults), HTTPStatus.FORBIDDEN)
    except (TooManyJobsError, FrozenError) as error:
        return _show(request, replace(page, blocked_message=error.message), _REFUSED[type(error)])
    jobs = resolve_url("jobs", membership.team.slug)
    return HttpResponseClientRedirect(jobs) if request.htmx else HttpResponseRedirect(jobs, status=HTTPStatus.SEE_OTHER)


studio = by_method(get=open_studio, post=submit)


@team_page(Right.GENERATE)
@require_safe
def back_to_studio(request: TeamRequest) -> HttpResponse:
    """Somebody reloaded the answer of "update price"."""
    return redirect("studio", request.membership.team.slug)


@team_page(Right.GENERATE)
@require_POST
def settle_options(request: TeamRequest) -> HttpResponse:
    """Answer a change of the form: settled options and the price. Without htmx the whole page, nothing lost."""
    values, errors = keep_uploads(request)
    values["idempotency_key"] = ""  # other settings, another job
    field, _, value = values.get("suggestion", "").partition(":")  # the suggestion, if it was taken
    if field in FIELD_NAMES:
        values[field] = value
    stills = stills_of(request.membership, values)
    faults = {name: [text] for name, text in errors.items()}
    projects = open_projects(request.membership.team)
    page = build_page(values, stills=stills, balance=request.balance, projects=projects, errors=faults)
    return render(request, "studio/_options_response.html" if request.htmx else "studio/studio.html", {"studio": page})


options = by_method(get=back_to_studio, post=settle_options)


@team_page(Right.GENERATE)
@require_POST
def still(request: TeamRequest) -> HttpResponse:
    """Take one still, or empty one slot, and answer with that slot alone."""
    name = request.POST.get("remove") or request.POST.get("slot", "")
    if name not in SLOTS:
        raise NotFoundError
    values, errors = keep_uploads(request)
    resolution = values.get("resolution", "")
    slot = Slot(
        name,
        stills_of(request.membership, values)[name],
        error=errors.get(name, ""),
        resolution=resolution if resolution in SUPPORT.resolutions else "",
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return render(request, "studio/_image_slot.html", {"slot": slot}, status=status)


def _for_project(membership: Membership, form: StudioForm) -> GenerationRequest:
    """Return the request, with a new project if one was named. Raises BadProjectError."""
    name, request = form.cleaned_data["new_project"].strip(), form.generation_request()
    return replace(request, project=project_named(membership, name)) if name else request


def _show(request: TeamRequest, page: StudioPage, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(
        request, "studio/_form.html" if request.htmx else "studio/studio.html", {"studio": page}, status=status
    )
