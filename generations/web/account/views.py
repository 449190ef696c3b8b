"""The user's own account: name, sessions, data export, deletion, and single sign-on. allauth has the other pages."""

from datetime import timedelta
from http import HTTPStatus

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core.ratelimit import consume_or_429
from allauth.socialaccount.providers.openid_connect.views import login
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generations.accounts.account_deletion import teams_with_only_member, teams_with_only_owner
from generations.accounts.forms import DeletionForm, ProfileForm
from generations.accounts.models import User
from generations.accounts.sessions import end_session, end_sessions, sessions_of
from generations.common.errors import ForbiddenError
from generations.jobs.offboarding import delete_account

from ..decorators import PageRequest, signed_in
from .export import account_document

# Users who sign in only at a provider have no password to enter again. Their sign-in must not be older than this.
MAX_SIGN_IN_AGE = timedelta(minutes=10)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PageRequest) -> HttpResponse:
    # An invalid form changes its instance too. The page must still show the saved name of the signed-in user.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        request.user.rename(form.cleaned_data["name"])
        messages.success(request, "Name saved.")
        return redirect("account_profile")
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


@signed_in
@require_safe
def sessions(request: PageRequest) -> HttpResponse:
    UserSession.objects.create_from_request(request)  # the current session, however it was started
    rows = [{"session": row, "is_current": row.is_current()} for row in sessions_of(request.user)]
    return render(request, "account/sessions.html", {"rows": rows, "other_count": len(rows) - 1})


@signed_in
@require_POST
def end_one_session(request: PageRequest, session_id: int) -> HttpResponse:
    end_session(user=request.user, session_id=session_id)
    messages.success(request, "Session signed out.")
    return redirect("account_sessions")


@signed_in
@require_POST
def end_other_sessions(request: PageRequest) -> HttpResponse:
    """Sign out all other sessions."""
    end_sessions(user=request.user, keep=request.session.session_key)
    messages.success(request, "All other sessions signed out.")
    return redirect("account_sessions")


@signed_in
@require_safe
def data(request: PageRequest) -> HttpResponse:
    return render(request, "account/data.html")


@signed_in
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def export(request: PageRequest) -> HttpResponseBase:
    """Return the data as a streamed download."""
    rejection: HttpResponse | None = consume_or_429(request, action="export_account", user=request.user)
    if rejection:
        return rejection
    name = f"dailies-account-{timezone.now():%Y-%m-%d}.json"
    response = StreamingHttpResponse(account_document(request.user), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def delete(request: PageRequest) -> HttpResponseBase:
    """Show what is deleted and what is kept. Delete the account if the email address was typed."""
    _require_recent_sign_in(request)
    form = DeletionForm(request.POST or None, user=request.user)
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "owned_teams": teams_with_only_owner(request.user),
            "solo_teams": teams_with_only_member(request.user),
            "grace_period": settings.TEAM_GRACE,
        }
        return render(request, "account/delete.html", context, status=422 if form.errors else 200)
    rejection: HttpResponse | None = consume_or_429(request, action="delete_account", user=request.user)
    if rejection:
        return rejection
    delete_account(user=request.user)
    logout(request)
    messages.success(request, "Your account was deleted.")
    return redirect("home")


def _require_recent_sign_in(request: PageRequest) -> None:
    if get_adapter().get_reauthentication_methods(request.user):
        return
    last = request.user.last_login
    if last is None or timezone.now() - last > MAX_SIGN_IN_AGE:
        raise ForbiddenError("For security, sign in again within 10 minutes to continue.")


def openid_redirect(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the sign-on provider by a page that refreshes itself.

    allauth redirects the response to a form. Browsers check every redirect of a form against the policy's
    `form-action`, and the hosts that a provider redirects through are not known.
    """
    response: HttpResponse = login(request, provider_id=provider_id)
    if response.status_code != HTTPStatus.FOUND or request.method != "POST":
        return response
    page = render(request, "socialaccount/redirecting.html", {"address": response["Location"]})
    page["Cache-Control"] = "no-store"
    return page
