"""Quotas: of the team, its roles, its members and its keys; and raises of a member's for a while."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.models import Membership
from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.credits.limits import QuotaHolder, clear_quota, set_quota
from generations.credits.models import Quota
from generations.credits.quotas import Level
from generations.credits.raises import live_raises, raise_quota, take_back_raise
from generations.credits.rosters import quotas_of_members

from ..credits.forms import end_of
from ..credits.page import show_desk_page
from ..decorators import TeamRequest, by_method, team_page
from .forms import QuotaForm, RaiseForm
from .page import holder_of, label_of, limit_lines, members_page, rule_lines


@team_page(Right.MANAGE_CREDITS)
@require_safe
def quotas(request: TeamRequest) -> HttpResponse:
    """The rules as they are set, and each member with what comes of them."""
    team = request.membership.team
    context = {"rules": rule_lines(team), "members": members_page(team, cursor=request.GET.get("after"))}
    return show_desk_page(request, "quotas/list.html", context)


@team_page(Right.MANAGE_CREDITS)
@require_safe
def open_form(request: TeamRequest, level: str, subject: str) -> HttpResponse:
    holder = holder_of(request.membership.team, level, subject)
    return _show(request, holder, QuotaForm(quota=_quota_of(holder)))


@team_page(Right.MANAGE_CREDITS)
@require_POST
def save(request: TeamRequest, level: str, subject: str) -> HttpResponse:
    """Set the quota, or clear it where nothing is left of it. It holds from the next submit on."""
    holder = holder_of(request.membership.team, level, subject)
    form = QuotaForm(request.POST, quota=_quota_of(holder))
    if not form.is_valid():
        return _show(request, holder, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.rule.is_empty:
        clear_quota(holder=holder, actor=request.user)
    else:
        set_quota(holder=holder, rule=form.rule, actor=request.user)
    messages.success(request, "Saved. It holds for the next job; jobs under way go on.")
    return _to_quotas(request)


quota = by_method(get=open_form, post=save)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def give_raise(request: TeamRequest, member_id: int) -> HttpResponse:
    holder = holder_of(request.membership.team, Level.MEMBER, str(member_id))
    member: Membership | None = holder.membership
    if member is None:
        raise NotFoundError
    form = RaiseForm(request.POST)
    if not form.is_valid():
        return _show(request, holder, QuotaForm(quota=_quota_of(holder)), form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    given = form.cleaned_data
    ends = end_of(given["until"], member)
    raise_quota(membership=member, amount=given["amount"], reason=given["reason"], actor=request.user, expires_at=ends)
    messages.success(request, f"{member.user} may spend {given['amount']:,} credits more.")
    return HttpResponseRedirect(resolve_url("quota", request.membership.team.slug, Level.MEMBER, member_id))


@team_page(Right.MANAGE_CREDITS)
@require_POST
def end_raise(request: TeamRequest, raise_id: int) -> HttpResponse:
    take_back_raise(team=request.membership.team, raise_id=raise_id, actor=request.user)
    messages.success(request, "Taken back. What was spent by it stays spent.")
    return _to_quotas(request)


def _quota_of(holder: QuotaHolder) -> Quota | None:
    return Quota.objects.filter(**holder.as_fields()).first()


def _show(
    request: TeamRequest,
    holder: QuotaHolder,
    form: QuotaForm,
    raise_form: RaiseForm | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "label": label_of(holder), "holder": holder}
    if holder.membership:
        (held,) = quotas_of_members(holder.team, [holder.membership])
        raises = live_raises(holder.team).filter(membership=holder.membership)
        context |= {"member_quota": held, "limits": limit_lines(held.caps), "increases": raises}
        context["increase_form"] = raise_form or RaiseForm(auto_id="raise_%s")
    return show_desk_page(request, "quotas/form.html", context, status)


def _to_quotas(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("quotas", request.membership.team.slug))
