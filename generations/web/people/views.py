"""The people of a team, for its managers: who is in, with which role, and who is invited."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.invitations import (
    AlreadyInError,
    NewInvitation,
    access_invitation,
    digest_of,
    invite,
    pending_invitations,
    renew_invitation,
    revoke_invitation,
)
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
from generations.accounts.members import access_member, change_role, list_members, may_change, reactivate_member
from generations.accounts.members import roles_within as roles_of
from generations.accounts.models import Invitation, Membership
from generations.accounts.roles import Right, Role
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import numbered_page
from generations.jobs.offboarding import deactivate_member

from ..decorators import PageRequest, TeamRequest, by_method, signed_in, team_page
from ..formatting import in_credits
from .forms import InvitationForm, LetterForm, LinkForm, NewAccountForm

PAGE_SIZE = 50
SHOWN_INVITATIONS = 100
STATES = {"": True, "deactivated": False, "everybody": None}


@dataclass(frozen=True)
class Person:
    member: Membership
    is_me: bool
    may_change: bool


@team_page(Right.MANAGE_TEAM)
@require_safe
def people(request: TeamRequest) -> HttpResponse:
    return _show(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def role(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = access_member(request.membership, membership_id)
    wanted = request.POST.get("role", "")
    if wanted not in Role.values:
        raise NotFoundError
    before = member.get_role_display().lower()
    change_role(membership=member, role=Role(wanted), actor=request.membership)
    messages.success(request, f"{member.user} is {member.get_role_display().lower()} now; was {before}.")
    return _back(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def deactivate(request: TeamRequest, membership_id: int) -> HttpResponse:
    """End somebody's access, take back what they have waiting, and say what came of it."""
    member = access_member(request.membership, membership_id)
    canceled = deactivate_member(membership=member, actor=request.membership)
    jobs = f" {canceled.jobs} waiting job{'' if canceled.jobs == 1 else 's'} canceled, "
    jobs += f"{in_credits(canceled.credits)} returned." if canceled.jobs else ""
    messages.success(request, f"{member.user} has no access any more.{jobs if canceled.jobs else ''}")
    return HttpResponseRedirect(f"{resolve_url('people', request.membership.team.slug)}?state=deactivated")


@team_page(Right.MANAGE_TEAM)
@require_POST
def reactivate(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = access_member(request.membership, membership_id)
    reactivate_member(membership=member, actor=request.membership)
    messages.success(request, f"{member.user} is back, as {member.get_role_display().lower()}.")
    return _back(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def letter(request: TeamRequest) -> HttpResponse:
    """Invite one person by mail."""
    form = LetterForm(request.POST, inviter=request.membership, prefix="letter")
    if not form.is_valid():
        return _show(request, email_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        invite(inviter=request.membership, **form.wish())
    except AlreadyInError as error:
        form.add_error("email", error.message)
        return _show(request, email_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, f"The letter to {form.cleaned_data['email']} is on its way.")
    return _back(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def link(request: TeamRequest) -> HttpResponse:
    """Make a link and show it, this once."""
    form = LinkForm(request.POST, inviter=request.membership, prefix="link")
    if not form.is_valid():
        return _show(request, link_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _show_link(request, invite(inviter=request.membership, **form.wish()))


@team_page(Right.MANAGE_TEAM)
@require_POST
def renew(request: TeamRequest, invitation_id: UUID) -> HttpResponse:
    """Send the letter again, or show a new link; the old one ends."""
    invitation = access_invitation(request.membership, invitation_id)
    made = renew_invitation(invitation=invitation, actor=request.membership)
    if not invitation.email:
        return _show_link(request, made)
    messages.success(request, f"Another letter to {invitation.email} is on its way. The link of the first has ended.")
    return _back(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def revoke(request: TeamRequest, invitation_id: UUID) -> HttpResponse:
    invitation = access_invitation(request.membership, invitation_id)
    revoke_invitation(invitation=invitation, actor=request.membership)
    messages.success(request, "The invitation is revoked. Nobody can join by it any more.")
    return _back(request)


def _show(
    request: TeamRequest,
    *,
    email_form: InvitationForm | None = None,
    link_form: InvitationForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    me = request.membership
    context = {**_members(request), "roles": roles_of(me)}
    if request.htmx:
        return render(request, "people/_rows.html", context)
    context |= {
        "email_form": email_form or LetterForm(inviter=me, prefix="letter"),
        "link_form": link_form or LinkForm(inviter=me, prefix="link"),
        "invitations": pending_invitations(me)[:SHOWN_INVITATIONS],
    }
    return render(request, "people/list.html", context, status=status)


def _members(request: TeamRequest) -> dict[str, Any]:
    me, state = request.membership, request.GET.get("state", "")
    search = request.GET.get("q", "").replace("\0", "")[:100]
    found = list_members(me, search=search, is_active=STATES.get(state, True))
    page = numbered_page(found, cursor=request.GET.get("after"), size=PAGE_SIZE, is_newest_first=False)
    people = [Person(member, member.pk == me.pk, may_change(me, member)) for member in page.rows]
    return {"people": people, "next_cursor": page.next_cursor, "state": state if state in STATES else "", "q": search}


def _show_link(request: TeamRequest, made: NewInvitation) -> HttpResponse:
    context = {
        "invitation": made.invitation,
        "url": request.build_absolute_uri(resolve_url("invitation_open", made.secret)),
    }
    response = render(request, "people/invite_link.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _back(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("people", request.membership.team.slug))


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
        return render(request, "people/invitation_invalid.html", {"text": error.message}, status=HTTPStatus.GONE)
    return _show_invitation(request, invitation)


@signed_in
@require_POST
def accept(request: PageRequest) -> HttpResponse:
    try:
        membership = accept_invitation(digest=_pending(request), user=request.user)
    except NoInvitationError as error:
        return render(request, "people/invitation_invalid.html", {"text": error.message}, status=HTTPStatus.GONE)
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
            return _show_invitation(request, found, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        membership = join_with_new_account(digest=_pending(request), **form.cleaned_data)
    except NoInvitationError as error:
        return render(request, "people/invitation_invalid.html", {"text": error.message}, status=HTTPStatus.GONE)
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


def _show_invitation(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: NewAccountForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {"invitation": invitation, "blocked_reason": _obstacle(request, invitation)}
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
