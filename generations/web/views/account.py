"""One's own account: the name, and where one is signed in. The library has the pages for the rest."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generations.accounts.forms import ProfileForm
from generations.accounts.models import User
from generations.accounts.profile import rename_user
from generations.accounts.sessions import end_session, end_sessions, sessions_of

from ..browsers import browser_name
from ..teams import PageRequest, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PageRequest) -> HttpResponse:
    # The form writes into its instance even when it does not fit; the page shows who is signed in.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        rename_user(user=request.user, name=form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return redirect("account_profile")
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


@signed_in
@require_safe
def sessions(request: PageRequest) -> HttpResponse:
    UserSession.objects.create_from_request(request)  # this one, however it began
    rows = [
        {"session": row, "browser": browser_name(row.user_agent), "is_current": row.is_current()}
        for row in sessions_of(request.user)
    ]
    return render(request, "account/sessions.html", {"rows": rows, "others": len(rows) - 1})


@signed_in
@require_POST
def session_end(request: PageRequest, session_id: int) -> HttpResponse:
    end_session(user=request.user, session_id=session_id)
    messages.success(request, "Signed out there.")
    return redirect("account_sessions")


@signed_in
@require_POST
def sessions_end(request: PageRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    end_sessions(user=request.user, but=request.session.session_key)
    messages.success(request, "Signed out everywhere else.")
    return redirect("account_sessions")
