"""Take one's data along, or go for good."""

from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core.ratelimit import consume_or_429
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generations.accounts.deletion import teams_left_without_owner, teams_of_nobody_else
from generations.accounts.forms import DeletionForm
from generations.common.errors import ForbiddenError
from generations.jobs.offboarding import delete_account

from ..account_export import account_document
from ..teams import PageRequest, signed_in

# Whoever signs in elsewhere has nothing to be asked for here; a sign-in of so long ago is taken instead.
FRESH = timedelta(minutes=10)


@signed_in
@require_safe
def data(request: PageRequest) -> HttpResponse:
    return render(request, "account/data.html")


@signed_in
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def export(request: PageRequest) -> HttpResponseBase:
    """The whole as a download, written while it is read."""
    refusal: HttpResponse | None = consume_or_429(request, action="export_account", user=request.user)
    if refusal:
        return refusal
    name = f"dailies-account-{timezone.now():%Y-%m-%d}.json"
    response = StreamingHttpResponse(account_document(request.user), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def delete(request: PageRequest) -> HttpResponseBase:
    """Say what goes and what stays; with the address typed, do it."""
    _require_fresh_sign_in(request)
    form = DeletionForm(request.POST or None, user=request.user)
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "owned": teams_left_without_owner(request.user),
            "alone": teams_of_nobody_else(request.user),
            "grace": settings.TEAM_GRACE,
        }
        return render(request, "account/delete.html", context, status=422 if form.errors else 200)
    refusal: HttpResponse | None = consume_or_429(request, action="delete_account", user=request.user)
    if refusal:
        return refusal
    delete_account(user=request.user)
    logout(request)
    messages.success(request, "Your account is deleted.")
    return redirect("home")


def _require_fresh_sign_in(request: PageRequest) -> None:
    if get_adapter().get_reauthentication_methods(request.user):
        return
    last = request.user.last_login
    if last is None or timezone.now() - last > FRESH:
        raise ForbiddenError(
            "Sign out and in once more, then come back within ten minutes: it must be you who does this."
        )
