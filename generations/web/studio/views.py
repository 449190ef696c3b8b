"""The studio page: open the form, change options, upload images, submit."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import DailiesError, NotFoundError
from generations.contract.support import SUPPORT
from generations.credits.errors import FrozenError, NotAllowedError, OutOfCreditsError, TooManyJobsError
from generations.jobs.submit import GenerationRequest, InvalidRequestError, submit_generation
from generations.library.projects import BadProjectError, open_projects, project_named

from ..credits.request_panel import panel_for_shortage
from ..decorators import TeamRequest, by_method, team_page
from .forms import StudioForm
from .images import SLOTS, ImageSlot, images_of, store_uploads
from .options import FIELD_NAMES
from .page import StudioPage, build_page, initial_values

# Errors of a submit that the form shows.
_SHOWN_IN_FORM = (
    BadProjectError,
    FrozenError,
    InvalidRequestError,
    NotAllowedError,
    OutOfCreditsError,
    TooManyJobsError,
)


@team_page(Right.GENERATE)
@require_safe
def open_studio(request: TeamRequest) -> HttpResponse:
    values = initial_values(request.membership, like=request.GET.get("from", ""))
    images = images_of(request.membership, values)
    projects = open_projects(request.membership.team)
    return _show(request, build_page(values, images=images, balance=request.balance, projects=projects))


@team_page(Right.GENERATE)
@require_POST
def submit(request: TeamRequest) -> HttpResponse:
    """Submit the job and go to the list of jobs. On an error, show the form again with all its values."""
    form, page = _read_form(request)
    if not form.is_valid() or page.has_price_increased:
        return _show(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        submit_generation(
            membership=request.membership,
            request=_generation_request(request.membership, form),
            idempotency_key=form.cleaned_data["idempotency_key"],
        )
    except _SHOWN_IN_FORM as error:
        return _show(request, _with_error(request.membership, page, form, error), HTTPStatus(error.status))
    jobs = resolve_url("jobs", request.membership.team.slug)
    return HttpResponseClientRedirect(jobs) if request.htmx else HttpResponseRedirect(jobs, status=HTTPStatus.SEE_OTHER)


studio = by_method(get=open_studio, post=submit)


@team_page(Right.GENERATE)
@require_safe
def back_to_studio(request: TeamRequest) -> HttpResponse:
    """Redirect after a reload of the response to "Update price"."""
    return redirect("studio", request.membership.team.slug)


@team_page(Right.GENERATE)
@require_POST
def update_options(request: TeamRequest) -> HttpResponse:
    """Return the options and the price for the changed form. Without htmx, return the whole page with all values."""
    values, upload_errors = store_uploads(request)
    values["idempotency_key"] = ""  # changed settings are another job
    _accept_suggestion(values)
    page = build_page(
        values,
        images=images_of(request.membership, values),
        balance=request.balance,
        projects=open_projects(request.membership.team),
        errors={name: [text] for name, text in upload_errors.items()},
    )
    return render(request, "studio/_options_response.html" if request.htmx else "studio/studio.html", {"studio": page})


options = by_method(get=back_to_studio, post=update_options)


@team_page(Right.GENERATE)
@require_POST
def image(request: TeamRequest) -> HttpResponse:
    """Store one image, or empty one slot, and return that slot alone."""
    name = request.POST.get("remove") or request.POST.get("slot", "")
    if name not in SLOTS:
        raise NotFoundError
    values, errors = store_uploads(request)
    resolution = values.get("resolution", "")
    slot = ImageSlot(
        name,
        images_of(request.membership, values)[name],
        error=errors.get(name, ""),
        resolution=resolution if resolution in SUPPORT.resolutions else "",
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return render(request, "studio/_image_slot.html", {"slot": slot}, status=status)


def _read_form(request: TeamRequest) -> tuple[StudioForm, StudioPage]:
    """Store the uploads, and return the form and the page of the submitted values."""
    values, upload_errors = store_uploads(request)
    images = images_of(request.membership, values)
    projects = open_projects(request.membership.team)
    form = StudioForm(values, images=images, projects=projects, upload_errors=upload_errors)
    page = build_page(form.data, images=images, balance=request.balance, projects=projects, errors=form.error_texts)
    return form, page


def _generation_request(membership: Membership, form: StudioForm) -> GenerationRequest:
    """Return the request of the form. Creates the new project, if one is named. Raises BadProjectError."""
    name = form.cleaned_data["new_project"].strip()
    request = form.generation_request()
    return replace(request, project=project_named(membership, name)) if name else request


def _with_error(membership: Membership, page: StudioPage, form: StudioForm, error: DailiesError) -> StudioPage:
    """Return the page with the error at its field, or above the form."""
    match error:
        case OutOfCreditsError():
            panel = panel_for_shortage(membership, error.shortage)
            return replace(page, shortage=error.shortage, request_panel=panel)
        case InvalidRequestError():
            form.add_violations(error.violations)
        case BadProjectError():
            form.add_error("new_project", error.message)
        case NotAllowedError():
            form.add_error(error.field if error.field in FIELD_NAMES else None, error.message)
        case _:
            return replace(page, blocked_message=error.message)
    return replace(page, errors=form.error_texts)


def _accept_suggestion(values: QueryDict) -> None:
    """Set the suggested value, sent as `field:value`, if its button was pressed."""
    field, _, value = values.get("suggestion", "").partition(":")
    if field in FIELD_NAMES:
        values[field] = value


def _show(request: TeamRequest, page: StudioPage, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    template = "studio/_form.html" if request.htmx else "studio/studio.html"
    return render(request, template, {"studio": page}, status=status)
