"""What the pages of site staff show."""

from typing import Any

from django import forms
from django.utils import timezone

from generations.accounts.models import Team
from generations.common.pagination import numbered_page
from generations.contract.support import SUPPORT
from generations.credits.models import EntryKind, Freeze, LedgerEntry, OfferedModel, PriceRow, RefillRule
from generations.credits.prices import price_versions
from generations.credits.requests import wallet_requests
from generations.credits.wallets import search_teams, team_balances
from generations.events.models import Alert
from generations.jobs.operations import needing_attention, provider_throttles, state_counts
from generations.jobs.provider_costs import recent_provider_costs

from .forms import FreezeForm, GrantForm, PriceForm, RefillForm, TransferForm

PAGE_SIZE = 50
RECENT_ENTRIES = 20
_MANUAL = (EntryKind.GRANT, EntryKind.CORRECTION, EntryKind.TRANSFER)


def overview_context() -> dict[str, Any]:
    return {
        "alerts": Alert.objects.open().order_by("opened_at"),
        "waiting": state_counts(),
        "providers": provider_throttles(),
        "problem_jobs": needing_attention(),
    }


def credits_context(*, search: str, cursor: str | None) -> dict[str, Any]:
    """Return the balances of the teams whose name or slug matches. Raises BadCursorError."""
    page = numbered_page(search_teams(search), cursor=cursor, size=PAGE_SIZE)
    return {
        "balances": team_balances(page.rows),
        "next_cursor": page.next_cursor,
        "search": search,
        "credit_requests": wallet_requests(),
        "site_freeze": Freeze.objects.filter(team=None, ended_at=None).first(),
        "freeze_form": FreezeForm(),
        "provider_costs": recent_provider_costs(),
    }


def team_context(team: Team, **bound_forms: forms.Form) -> dict[str, Any]:
    """Return the balance of a team and the forms to change it. A bound form replaces the empty one of its name."""
    (balance,) = team_balances([team])
    entries = LedgerEntry.objects.filter(wallet__team=team, hold=None).select_related("actor").order_by("-id")
    rule = RefillRule.objects.filter(team=team).first()
    return {
        "balance": balance,
        "rule": rule,
        "lots": balance.wallet.lots.filter(remaining__gt=0).order_by("expires_at", "id") if balance.wallet else (),
        "entries": entries[:RECENT_ENTRIES],
        "grant_form": GrantForm(initial={"newest": newest_manual_entry(team)}, auto_id="grant_%s"),
        "transfer_form": TransferForm(auto_id="transfer_%s"),
        "refill_form": RefillForm(rule=rule),
        "freeze_form": FreezeForm(auto_id="freeze_%s"),
        **bound_forms,
    }


def newest_manual_entry(team: Team) -> int:
    """Return the id of the team's last grant, correction or transfer, or 0."""
    entries = LedgerEntry.objects.filter(wallet__team=team, kind__in=_MANUAL)
    return entries.order_by("-id").values_list("id", flat=True).first() or 0


def prices_context(form: PriceForm) -> dict[str, Any]:
    return {
        "form": form,
        "today": timezone.now().date(),
        "versions": sorted(price_versions(), key=_contract_order),
        "models": OfferedModel.objects.all(),
    }


def _contract_order(row: PriceRow) -> tuple[int, int]:
    """Sort models and resolutions as in the contract. Those that it no longer has come last."""
    models, tiers = list(SUPPORT.models), list(SUPPORT.tiers)
    return (
        models.index(row.model) if row.model in models else len(models),
        tiers.index(row.tier) if row.tier in tiers else len(tiers),
    )
