"""Pages of API keys: list, create, rotate, revoke. A secret is shown once."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from generations.accounts.api_keys import (
    NewKey,
    access_key,
    create_key,
    may_rotate,
    revoke_key,
    rotate_key,
    status_of,
)
from generations.accounts.models import ApiKey
from generations.accounts.roles import Right, Scope
from generations.common.pagination import keyset_page
from generations.credits.quota_settings import QuotaHolder, set_quota

from ..decorators import TeamRequest, by_method, team_page
from .forms import KeyForm, RotateForm

PAGE_SIZE = 50


@team_page()
@require_safe
def keys(request: TeamRequest) -> HttpResponse:
    """List the member's keys, or all keys of the team for its managers, newest first."""
    keys = ApiKey.objects.visible_to(request.membership).select_related("user").prefetch_related("secrets")
    page = keyset_page(keys, cursor=request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "rows": [status_of(key) for key in page.rows],
        "next_cursor": page.next_cursor,
        "is_manager": request.membership.can(Right.MANAGE_TEAM),
    }
    return render(request, "keys/list.html", context)


@team_page()
@require_safe
def open_new_key(request: TeamRequest) -> HttpResponse:
    return render(request, "keys/new.html", {"form": KeyForm(membership=request.membership)})


@team_page()
@require_POST
def save_new_key(request: TeamRequest) -> HttpResponse:
    """Create the key and show its secret, or show the form with its errors."""
    form = KeyForm(request.POST, membership=request.membership)
    if not form.is_valid():
        return render(request, "keys/new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _show_secret(request, _create(request, form))


new = by_method(get=open_new_key, post=save_new_key)


@team_page()
@require_safe
def key(request: TeamRequest, key_id: UUID) -> HttpResponse:
    key = access_key(request.membership, key_id)
    context = {
        "facts": status_of(key),
        "scopes": [Scope(scope).label for scope in key.scopes],
        "quota": getattr(key, "quota", None),
        "can_rotate": may_rotate(key, request.user),
        "rotate_form": RotateForm(),
    }
    return render(request, "keys/detail.html", context)


@team_page()
@require_POST
def rotate(request: TeamRequest, key_id: UUID) -> HttpResponse:
    """Create and show a new secret. The old one keeps working for the chosen time."""
    key = access_key(request.membership, key_id)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return redirect("key", request.membership.team.slug, key.pk)
    return _show_secret(request, rotate_key(key=key, actor=request.user, overlap=form.duration))


@team_page()
@require_safe
def back_to_key(request: TeamRequest, key_id: UUID) -> HttpResponse:
    """Redirect after a reload of the page with the secret, which is not shown again."""
    return redirect("key", request.membership.team.slug, access_key(request.membership, key_id).pk)


rotation = by_method(get=back_to_key, post=rotate)


@team_page()
@require_POST
def revoke(request: TeamRequest, key_id: UUID) -> HttpResponse:
    key = access_key(request.membership, key_id)
    revoke_key(key=key, actor=request.user)
    messages.success(request, f"Key {key.name} revoked.")
    return HttpResponseRedirect(resolve_url("keys", request.membership.team.slug))


@transaction.atomic
def _create(request: TeamRequest, form: KeyForm) -> NewKey:
    created = create_key(
        membership=request.membership,
        name=form.cleaned_data["name"],
        scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
        expires_at=form.expires_at,
        is_service=form.is_service,
    )
    if not form.rule.is_empty:
        set_quota(holder=QuotaHolder(team=created.key.team, api_key=created.key), rule=form.rule, actor=request.user)
    return created


def _show_secret(request: TeamRequest, created: NewKey) -> HttpResponse:
    response = render(request, "keys/created.html", {"key": created.key, "secret": created.secret})
    response["Cache-Control"] = "no-store"
    return response
