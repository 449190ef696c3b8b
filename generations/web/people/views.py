"""The members of a team and their invitations, and the pages of the invited person.

The secret of an invitation is removed from the URL at once. The session stores its digest, so the secret is in no form,
no `next=` and no referrer, and the invitation remains after signing in or creating an account.
"""

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
    PENDING,
    AlreadyMemberError,
    InvalidInvitationError,
    NewInvitation,
    NotInvitedError,
    accept_invitation,
    access_invitation,
    digest_of,
    find_invitation,
    has_account,
    invite,
    join_with_new_account,
    pending_invitations,
    renew_invitation,
    require_recipient,
    revoke_invitation,
)
from generations.accounts.members import (
    access_member,
    assignable_roles,
    change_role,
    list_members,
    may_change,
    reactivate_member,
)
from generations.accounts.models import Invitation, Membership
from generations.accounts.roles import Right, Role
from generations.common.errors import DailiesError, NotFoundError
from generations.common.pagination import numbered_page
from generations.jobs.offboarding import deactivate_member

from ..decorators import PageRequest, TeamRequest, by_method, signed_in, team_page
from ..formatting import count_of, in_credits
from .forms import EmailInvitationForm, InvitationForm, LinkForm, NewAccountForm

PAGE_SIZE = 50
MAX_INVITATIONS = 100
STATES = {"": True, "deactivated": False, "everybody": None}


@dataclass(frozen=True)
class Person:
    member: Membership
    is_me: bool
    may_change: bool


@team_page(Right.MANAGE_TEAM)
@require_safe
def people(request: TeamRequest) -> HttpResponse:
    return _show_people(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def role(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = access_member(request.membership, membership_id)
    role = request.POST.get("role", "")
    if role not in Role.values:
        raise NotFoundError
    before = member.get_role_display()
    change_role(membership=member, role=Role(role), actor=request.membership)
    messages.success(request, f"Role of {member.user} changed from {before} to {member.get_role_display()}.")
    return _to_people(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def deactivate(request: TeamRequest, membership_id: int) -> HttpResponse:
    """End the member's access, cancel their queued jobs, and say how many."""
    member = access_member(request.membership, membership_id)
    canceled = deactivate_member(membership=member, actor=request.membership)
    text = f"{member.user} was deactivated."
    if canceled.jobs:
        text += f" {count_of(canceled.jobs, 'queued job')} canceled, {in_credits(canceled.credits)} refunded."
    messages.success(request, text)
    return HttpResponseRedirect(f"{resolve_url('people', request.membership.team.slug)}?state=deactivated")


@team_page(Right.MANAGE_TEAM)
@require_POST
def reactivate(request: TeamRequest, membership_id: int) -> HttpResponse:
    member = access_member(request.membership, membership_id)
    reactivate_member(membership=member, actor=request.membership)
    messages.success(request, f"{member.user} was reactivated as {member.get_role_display()}.")
    return _to_people(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def invite_by_email(request: TeamRequest) -> HttpResponse:
    form = EmailInvitationForm(request.POST, inviter=request.membership, prefix="email")
    if not form.is_valid():
        return _show_people(request, email_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        invite(inviter=request.membership, **form.arguments())
    except AlreadyMemberError as error:
        form.add_error("email", error.message)
        return _show_people(request, email_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, f"Invitation sent to {form.cleaned_data['email']}.")
    return _to_people(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def create_link(request: TeamRequest) -> HttpResponse:
    """Create an invite link and show it. It is not shown again."""
    form = LinkForm(request.POST, inviter=request.membership, prefix="link")
    if not form.is_valid():
        return _show_people(request, link_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _show_link(request, invite(inviter=request.membership, **form.arguments()))


@team_page(Right.MANAGE_TEAM)
@require_POST
def renew(request: TeamRequest, invitation_id: UUID) -> HttpResponse:
    """Send the email again, or show a new link. The previous link stops working."""
    invitation = access_invitation(request.membership, invitation_id)
    renewed = renew_invitation(invitation=invitation, actor=request.membership)
    if not invitation.email:
        return _show_link(request, renewed)
    messages.success(request, f"Invitation sent again to {invitation.email}. The previous link no longer works.")
    return _to_people(request)


@team_page(Right.MANAGE_TEAM)
@require_POST
def revoke(request: TeamRequest, invitation_id: UUID) -> HttpResponse:
    invitation = access_invitation(request.membership, invitation_id)
    revoke_invitation(invitation=invitation, actor=request.membership)
    messages.success(request, "Invitation revoked.")
    return _to_people(request)


@require_safe
def open_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Remember the invitation in the session and redirect to its page, whose URL has no secret."""
    request.session[PENDING] = digest_of(secret)
    return redirect("invitation")


@require_safe
def show_invitation(request: HttpRequest) -> HttpResponse:
    """Show the inviter and the team, and what this visitor can do: join, sign in, or create an account."""
    try:
        invitation = find_invitation(_digest(request))
    except InvalidInvitationError as error:
        return _show_invalid(request, error)
    return _render_invitation(request, invitation)


@signed_in
@require_POST
def accept(request: PageRequest) -> HttpResponse:
    try:
        membership = accept_invitation(digest=_digest(request), user=request.user)
    except InvalidInvitationError as error:
        return _show_invalid(request, error)
    except NotInvitedError:
        return redirect("invitation")
    request.session.pop(PENDING, None)
    messages.success(request, f"You joined {membership.team} as {membership.get_role_display()}.")
    return redirect("team", membership.team.slug)


invitation = by_method(get=show_invitation, post=accept)


@require_POST
def create_account(request: HttpRequest) -> HttpResponse:
    """Create the account for the invited email address, sign in, and redirect to the team."""
    try:
        invitation = find_invitation(_digest(request))
        form = NewAccountForm(request.POST, email=invitation.email)
        if request.user.is_authenticated or not form.is_valid():
            return _render_invitation(request, invitation, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        membership = join_with_new_account(digest=_digest(request), **form.cleaned_data)
    except InvalidInvitationError as error:
        return _show_invalid(request, error)
    except DailiesError as error:
        messages.warning(request, error.message)
        return redirect("invitation")
    request.session.pop(PENDING, None)
    team_url = resolve_url("team", membership.team.slug)
    return cast(HttpResponse, perform_login(request, membership.user, redirect_url=team_url))


@require_safe
def back_to_invitation(request: HttpRequest) -> HttpResponse:
    """Redirect after a reload of the response to the account form."""
    return HttpResponseRedirect(resolve_url("invitation"))


account = by_method(get=back_to_invitation, post=create_account)


def _show_people(
    request: TeamRequest,
    *,
    email_form: InvitationForm | None = None,
    link_form: InvitationForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    me = request.membership
    context = {**_members_context(request), "roles": assignable_roles(me)}
    if request.htmx:
        return render(request, "people/_rows.html", context)
    context |= {
        "email_form": email_form or EmailInvitationForm(inviter=me, prefix="email"),
        "link_form": link_form or LinkForm(inviter=me, prefix="link"),
        "invitations": pending_invitations(me)[:MAX_INVITATIONS],
    }
    return render(request, "people/list.html", context, status=status)


def _members_context(request: TeamRequest) -> dict[str, Any]:
    me, state = request.membership, request.GET.get("state", "")
    search = request.GET.get("q", "").replace("\0", "")[:100]
    members = list_members(me, search=search, is_active=STATES.get(state, True))
    page = numbered_page(members, cursor=request.GET.get("after"), size=PAGE_SIZE, is_newest_first=False)
    return {
        "people": [Person(member, member.pk == me.pk, may_change(me, member)) for member in page.rows],
        "next_cursor": page.next_cursor,
        "state": state if state in STATES else "",
        "q": search,
    }


def _show_link(request: TeamRequest, created: NewInvitation) -> HttpResponse:
    url = request.build_absolute_uri(resolve_url("invitation_open", created.secret))
    response = render(request, "people/invite_link.html", {"invitation": created.invitation, "url": url})
    response["Cache-Control"] = "no-store"
    return response


def _to_people(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("people", request.membership.team.slug))


def _show_invalid(request: HttpRequest, error: InvalidInvitationError) -> HttpResponse:
    return render(request, "people/invitation_invalid.html", {"text": error.message}, status=HTTPStatus.GONE)


def _render_invitation(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: NewAccountForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {"invitation": invitation, "blocked_reason": _blocked_reason(request, invitation)}
    if not request.user.is_authenticated:
        is_known = bool(invitation.email) and has_account(invitation.email)
        context |= {"is_known": is_known, "form": form or NewAccountForm(email=invitation.email)}
    response = render(request, "people/invitation.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _blocked_reason(request: HttpRequest, invitation: Invitation) -> str:
    """Return why the signed-in user cannot accept the invitation, or an empty string."""
    if request.user.is_authenticated:
        try:
            require_recipient(invitation, request.user)
        except NotInvitedError as error:
            return error.message
    return ""


def _digest(request: HttpRequest) -> str:
    return str(request.session.get(PENDING, ""))
