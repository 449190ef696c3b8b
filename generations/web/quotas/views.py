"""The credit limit pages: limits of the team, its roles, members and keys, and temporary increases for members."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.roles import Right
from generations.common.errors import NotFoundError
from generations.credits.models import Quota
from generations.credits.quota_settings import (
    QuotaHolder,
    active_increases,
    clear_quota,
    end_increase,
    increase_quota,
    set_quota,
)
from generations.credits.quotas import Level, quotas_of_members

from ..credits.forms import expiry_of
from ..credits.page import show_credits_page
from ..decorators import TeamRequest, by_method, team_page
from ..formatting import in_credits
from .forms import IncreaseForm, QuotaForm
from .page import access_holder, holder_label, limit_rows, members_page, quota_rows


@team_page(Right.MANAGE_CREDITS)
@require_safe
def quotas(request: TeamRequest) -> HttpResponse:
    """Show the limits of each level, and the effective limits of each member."""
    team = request.membership.team
    context = {"rules": quota_rows(team), "members": members_page(team, cursor=request.GET.get("after"))}
    return show_credits_page(request, "quotas/list.html", context)


@team_page(Right.MANAGE_CREDITS)
@require_safe
def open_quota(request: TeamRequest, level: str, subject: str) -> HttpResponse:
    holder = access_holder(request.membership.team, level, subject)
    return _show_quota(request, holder, QuotaForm(quota=_quota_of(holder)))


@team_page(Right.MANAGE_CREDITS)
@require_POST
def save_quota(request: TeamRequest, level: str, subject: str) -> HttpResponse:
    """Save the limits, or delete the quota if the form is empty. It applies from the next submit on."""
    holder = access_holder(request.membership.team, level, subject)
    form = QuotaForm(request.POST, quota=_quota_of(holder))
    if not form.is_valid():
        return _show_quota(request, holder, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.rule.is_empty:
        clear_quota(holder=holder, actor=request.user)
    else:
        set_quota(holder=holder, rule=form.rule, actor=request.user)
    messages.success(request, "Limits saved. They apply to new jobs.")
    return _to_quotas(request)


quota = by_method(get=open_quota, post=save_quota)


@team_page(Right.MANAGE_CREDITS)
@require_POST
def add_increase(request: TeamRequest, member_id: int) -> HttpResponse:
    holder = access_holder(request.membership.team, Level.MEMBER, str(member_id))
    if holder.membership is None:
        raise NotFoundError
    form = IncreaseForm(request.POST)
    if not form.is_valid():
        quota_form = QuotaForm(quota=_quota_of(holder))
        return _show_quota(request, holder, quota_form, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    values = form.cleaned_data
    increase_quota(
        membership=holder.membership,
        amount=values["amount"],
        reason=values["reason"],
        actor=request.user,
        expires_at=expiry_of(values["until"], holder.membership),
    )
    messages.success(request, f"Increase added: +{in_credits(values['amount'])} for {holder.membership.user}.")
    return HttpResponseRedirect(resolve_url("quota", request.membership.team.slug, Level.MEMBER, member_id))


@team_page(Right.MANAGE_CREDITS)
@require_POST
def remove_increase(request: TeamRequest, increase_id: int) -> HttpResponse:
    end_increase(team=request.membership.team, increase_id=increase_id, actor=request.user)
    messages.success(request, "Increase removed. Credits already used are not affected.")
    return _to_quotas(request)


def _quota_of(holder: QuotaHolder) -> Quota | None:
    return Quota.objects.filter(**holder.as_fields()).first()


def _show_quota(
    request: TeamRequest,
    holder: QuotaHolder,
    form: QuotaForm,
    increase_form: IncreaseForm | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "label": holder_label(holder), "holder": holder}
    if holder.membership:
        (member_quota,) = quotas_of_members(holder.team, [holder.membership])
        context |= {
            "member_quota": member_quota,
            "limits": limit_rows(member_quota.caps),
            "increases": active_increases(holder.team).filter(membership=holder.membership),
            "increase_form": increase_form or IncreaseForm(auto_id="increase_%s"),
        }
    return show_credits_page(request, "quotas/form.html", context, status)


def _to_quotas(request: TeamRequest) -> HttpResponse:
    return HttpResponseRedirect(resolve_url("quotas", request.membership.team.slug))
