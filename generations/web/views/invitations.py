"""An invitation as the invited person meets it.

The secret is taken out of the address at once: the session remembers its hash, so that it stands in no form, no
`next=` and no referrer, and the invitation goes on after signing in or making an account.
"""

from http import HTTPStatus
from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.invitations import digest_of
from generations.accounts.joining import (
    PENDING,
    NoInvitationError,
    NotInvitedError,
    accept_invitation,
    has_account,
    join_with_new_account,
    open_invitation,
    require_addressee,
)
from generations.accounts.models import Invitation
from generations.common.errors import DailiesError

from ..people_forms import NewAccountForm
from ..teams import PageRequest, by_method, signed_in


@require_safe
def arrive(request: HttpRequest, secret: str) -> HttpResponse:
    request.session[PENDING] = digest_of(secret)
    return redirect("invitation")


@require_safe
def look(request: HttpRequest) -> HttpResponse:
    """Say who invites to what, and offer what this visitor can do about it."""
    try:
        invitation = open_invitation(_pending(request))
    except NoInvitationError as error:
        return render(request, "people/no_invitation.html", {"text": error.message}, status=HTTPStatus.GONE)
    return _show(request, invitation)


@signed_in
@require_POST
def accept(request: PageRequest) -> HttpResponse:
    try:
        membership = accept_invitation(digest=_pending(request), user=request.user)
    except NoInvitationError as error:
        return render(request, "people/no_invitation.html", {"text": error.message}, status=HTTPStatus.GONE)
    except NotInvitedError:
        return redirect("invitation")
    request.session.pop(PENDING, None)
    messages.success(request, f"You are in {membership.team}, as {membership.get_role_display().lower()}.")
    return redirect("team", membership.team.slug)


invitation = by_method(get=look, post=accept)


@require_POST
def make_account(request: HttpRequest) -> HttpResponse:
    """Make the account that the letter is for, sign in, and lead into the team."""
    try:
        found = open_invitation(_pending(request))
        form = NewAccountForm(request.POST, email=found.email)
        if request.user.is_authenticated or not form.is_valid():
            return _show(request, found, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        membership = join_with_new_account(digest=_pending(request), **form.cleaned_data)
    except NoInvitationError as error:
        return render(request, "people/no_invitation.html", {"text": error.message}, status=HTTPStatus.GONE)
    except DailiesError as error:
        messages.warning(request, error.message)
        return redirect("invitation")
    request.session.pop(PENDING, None)
    return cast(HttpResponse, perform_login(request, membership.user, redirect_url=_team(membership.team.slug)))


@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Somebody reloaded the answer of the form."""
    return HttpResponseRedirect(resolve_url("invitation"))


account = by_method(get=back, post=make_account)


def _show(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: NewAccountForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {"invitation": invitation, "obstacle": _obstacle(request, invitation)}
    if not request.user.is_authenticated:
        is_known = bool(invitation.email) and has_account(invitation.email)
        context |= {"is_known": is_known, "form": form or NewAccountForm(email=invitation.email)}
    response = render(request, "people/invitation.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _obstacle(request: HttpRequest, invitation: Invitation) -> str:
    """Why the signed-in person cannot accept it; empty when they can, or are nobody yet."""
    if request.user.is_authenticated:
        try:
            require_addressee(invitation, request.user)
        except NotInvitedError as error:
            return error.message
    return ""


def _pending(request: HttpRequest) -> str:
    return str(request.session.get(PENDING, ""))


def _team(slug: str) -> str:
    return resolve_url("team", slug)
