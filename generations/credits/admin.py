"""Admin pages of wallets, ledger and prices. They change credits only through the services."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from generations.accounts.models import Team
from generations.common.admin import ModelAdmin, ReadOnlyAdmin, RejectNulMixin
from generations.contract.support import SUPPORT

from .forms import ChangeBalanceForm
from .grants import BadGrantError
from .models import Hold, LedgerEntry, OfferedModel, PriceRow, Quota, Wallet
from .wallets import wallet_of


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin[Wallet]):
    list_display = ("team", "available", "posted", "held", "created_at")
    list_select_related = ("team",)
    search_fields = ("team__name", "team__slug")
    fields = ("team", "available", "posted", "held", "created_at")
    readonly_fields = ("available",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        return super().get_queryset(request).alias(free=F("posted") - F("held"))

    @admin.display(ordering="free")
    def available(self, wallet: Wallet) -> str:
        return f"{wallet.available:,}"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.change_balance)
        return [path("of/<int:team_id>/change/", view, name="generations_wallet_balance"), *super().get_urls()]

    def change_balance(self, request: HttpRequest, team_id: int) -> HttpResponse:
        """Grant credits to a team, or correct its balance, with a reason that is shown in its transaction list."""
        if not request.user.has_perm("generations.change_wallet"):
            raise PermissionDenied
        team = get_object_or_404(Team, pk=team_id)
        wallet = wallet_of(team)
        form = ChangeBalanceForm(request.POST or None, wallet=wallet)
        if request.method == "POST" and form.is_valid() and self._changed(request, form):
            return HttpResponseRedirect(reverse("admin:generations_wallet_change", args=[wallet.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Change the balance of {team}",
            "wallet": wallet,
            "balance": f"{team} has {wallet.posted:,} credits. Jobs in progress have reserved {wallet.held:,}.",
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/generations/wallet/balance.html", context)

    def _changed(self, request: HttpRequest, form: ChangeBalanceForm) -> bool:
        try:
            with transaction.atomic():
                entry = form.save(actor=request.user)  # type: ignore[arg-type]
                self.log_change(request, form.wallet, f"{entry}: {entry.reason}")
        except BadGrantError as error:
            form.add_error(None, error.message)
            return False
        text = f"{entry.posted_change:+,} credits. {form.wallet.team} now has {entry.available_after:,} available."
        messages.success(request, text)
        return True


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin[LedgerEntry]):
    list_display = (
        "id",
        "created_at",
        "team",
        "kind",
        "posted_change",
        "held_change",
        "posted_after",
        "held_after",
        "actor",
        "reason",
    )
    list_filter = ("kind", "created_at", "wallet__team")
    list_select_related = ("wallet__team", "actor", "hold")
    search_fields = ("reason", "actor__email", "wallet__team__name", "wallet__team__slug")
    uuid_fields = ("hold__reference",)
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(ordering="wallet__team__name")
    def team(self, entry: LedgerEntry) -> Team:
        return entry.wallet.team


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin[Hold]):
    list_display = ("reference", "team", "user", "amount", "captured", "state", "created_at", "settled_at")
    list_filter = ("state", "created_at", "wallet__team")
    list_select_related = ("wallet__team", "user")
    search_fields = ("user__email", "wallet__team__name", "wallet__team__slug")
    uuid_fields = ("reference",)
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(ordering="wallet__team__name")
    def team(self, hold: Hold) -> Team:
        return hold.wallet.team


@admin.register(Quota)
class QuotaAdmin(RejectNulMixin, ModelAdmin[Quota]):
    list_display = ("applies_to", "team", "cap", "period")
    list_filter = ("period", "role")
    list_select_related = ("team", "membership__user", "api_key")
    search_fields = ("membership__user__email", "team__name", "team__slug", "api_key__name")
    autocomplete_fields = ("team", "membership")
    raw_id_fields = ("api_key",)
    ordering = ("-id",)

    @admin.display(description="applies to")
    def applies_to(self, quota: Quota) -> str:
        if quota.membership:
            return quota.membership.user.email
        return str(quota.api_key or quota.get_role_display() or "everyone")


class PriceRowForm(forms.ModelForm):  # type: ignore[type-arg]
    model = forms.ChoiceField(choices=[(name, name) for name in SUPPORT.models])
    tier = forms.ChoiceField(choices=[(name, name) for name in SUPPORT.tiers])

    class Meta:
        model = PriceRow
        fields = ("model", "tier", "credits_per_second", "valid_from")

    def clean_valid_from(self) -> Any:
        day = self.cleaned_data["valid_from"]
        if day < timezone.now().date():
            raise forms.ValidationError("A price can't start in the past: jobs were charged by the old one.")
        return day


@admin.register(PriceRow)
class PriceRowAdmin(RejectNulMixin, ModelAdmin[PriceRow]):
    """A change of price is a new row. A row that is valid stays, because jobs were quoted by it."""

    form = PriceRowForm
    list_display = ("model", "tier", "credits_per_second", "valid_from", "has_begun")
    list_filter = ("tier", "model")
    date_hierarchy = "valid_from"
    actions = None

    @admin.display(boolean=True, description="active")
    def has_begun(self, row: PriceRow) -> bool:
        return row.valid_from <= timezone.now().date()

    def has_change_permission(self, request: HttpRequest, obj: PriceRow | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and self.has_begun(obj))

    def has_delete_permission(self, request: HttpRequest, obj: PriceRow | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and self.has_begun(obj))


class OfferedModelForm(forms.ModelForm):  # type: ignore[type-arg]
    model = forms.ChoiceField(choices=[(name, name) for name in SUPPORT.models])

    class Meta:
        model = OfferedModel
        fields = ("model", "is_on", "position")


@admin.register(OfferedModel)
class OfferedModelAdmin(RejectNulMixin, ModelAdmin[OfferedModel]):
    form = OfferedModelForm
    list_display = ("model", "is_on", "position", "is_retired")
    list_editable = ("is_on", "position")

    @admin.display(boolean=True, description="retired by the provider")
    def is_retired(self, offered: OfferedModel) -> bool:
        known = SUPPORT.models.get(offered.model)
        return known is None or known.is_retired
