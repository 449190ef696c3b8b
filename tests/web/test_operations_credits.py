"""Credits and prices for site staff: balances, requests, transfers, refills, freezes, prices."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.credits.models import Freeze, LedgerEntry, Lot, OfferedModel, PriceRow, RefillRule, Wallet
from generations.credits.reconciliation import CHECKS, run_checks
from generations.events.models import Event
from generations.jobs.models import Attempt, Bill, Generation, Outcome, State
from tests.library.factories import make_generation
from tests.web.pages import form_values, words

CREDITS = "/ops/credits/"
PRICES = "/ops/prices/"
SOON = timezone.now().date() + timedelta(days=10)


@pytest.fixture
def staff(client_of, charlie):
    charlie.is_staff = True
    charlie.save()
    return client_of(charlie)


def team_url(team, action: str = "") -> str:
    return f"{CREDITS}teams/{team.pk}/{action}"


def newest(staff, team) -> str:
    return form_values(staff.get(team_url(team)))["newest"]


def test_list_shows_every_team(staff, funded, other_team, bob):
    make_generation(funded, bob)
    make_generation(funded, bob, State.QUEUED, duration=8)
    text = words(staff.get(CREDITS))
    assert "Lighthouse lighthouse 916 48 964 36" in text
    assert "Harbour harbour 0 0 0 0" in text
    assert "Harbour" not in words(staff.get(CREDITS, {"q": "light"}))


def test_grant_with_expiry_sent_twice_counts_once(staff, team):
    form = {"kind": "grant", "amount": "300", "last_day": str(SOON), "reason": "A trial.", "newest": "0"}
    assert staff.post(team_url(team, "grant"), form).status_code == 302
    again = staff.post(team_url(team, "grant"), form)
    assert again.status_code == 422
    assert "The balance has changed since this page was opened." in words(again)
    (lot,) = Lot.objects.all()
    assert (lot.remaining, lot.expires_at.date()) == (300, SOON + timedelta(days=1))
    assert not list(run_checks(CHECKS))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": ""}, "Enter a reason."),
        ({"amount": "-5"}, "at least 1 credit"),
        ({"kind": "correction", "amount": "-2000"}, "Only 1,000 credits are available"),
        ({"kind": "correction", "last_day": str(SOON)}, "Only grants can have an expiry."),
        ({"last_day": "2020-01-01"}, "Expiry must be in the future"),
    ],
)
def test_invalid_change_shows_the_error(staff, funded, changes, message):
    form = {"kind": "grant", "amount": "5", "reason": "x", "newest": newest(staff, funded), **changes}
    response = staff.post(team_url(funded, "grant"), form)
    assert response.status_code == 422
    assert message in words(response)
    assert Wallet.objects.get(team=funded).posted == 1000


def test_transfer_moves_credits_between_teams(staff, funded, other_team):
    staff.post(team_url(funded, "transfer"), {"to": other_team.slug, "amount": "400", "reason": "Lent."})
    assert dict(Wallet.objects.values_list("team__name", "posted")) == {"Lighthouse": 600, "Harbour": 400}
    response = staff.post(team_url(funded, "transfer"), {"to": "nowhere", "amount": "4", "reason": "Lent."})
    assert response.status_code == 422
    assert "There is no team at /t/nowhere/." in words(response)


def test_refill_rule_is_saved(staff, funded):
    staff.post(team_url(funded, "refill"), {"is_on": "on", "mode": "add", "amount": "250", "does_expire": "on"})
    rule = RefillRule.objects.get()
    assert (rule.team, rule.mode, rule.amount, rule.does_expire, rule.is_on) == (funded, "add", 250, True, True)
    staff.post(team_url(funded, "refill"), {"mode": "add", "amount": "250"})
    assert not RefillRule.objects.get().is_on


@pytest.mark.parametrize("is_for_all_teams", [True, False])
def test_freeze_rejects_new_jobs_with_the_reason(staff, client_of, bob, funded, studio, filled, is_for_all_teams):
    form = filled(model="ltx-2-3-fast", resolution="1280x720", duration="6", quoted=None)
    url = f"{CREDITS}freeze" if is_for_all_teams else team_url(funded, "freeze")
    staff.post(url, {"reason": "The provider is being moved."})
    assert "The provider is being moved. Jobs in progress will finish." in words(client_of(bob).get(studio))
    response = client_of(bob).post(studio, form)
    assert response.status_code == 503
    assert "The provider is being moved." in words(response)
    assert not Generation.objects.exists()
    staff.post(f"{CREDITS}freezes/{Freeze.objects.get().pk}/end")
    assert client_of(bob).post(studio, form).status_code == 303
    kinds = Event.objects.filter(is_audit=True, kind__contains="frozen").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["credits.frozen", "credits.unfrozen"]


def test_scheduled_price_can_be_removed(staff, price_list):
    form = {"model": "ltx-2-3-fast", "tier": "720p", "credits_per_second": "9", "valid_from": str(SOON)}
    staff.post(PRICES, form)
    row = PriceRow.objects.get(valid_from=SOON)
    assert row.credits_per_second == 9
    assert "Scheduled 9 Remove" in words(staff.get(PRICES))
    staff.post(f"{PRICES}{row.pk}/withdraw")
    assert not PriceRow.objects.filter(pk=row.pk).exists()


def test_prices_are_sorted_by_resolution(staff, price_list):
    text = words(staff.get(PRICES)).partition("Price history")[2]
    assert re.search(r"LTX 2\.3 Fast 720p .*? 1080p .*? 1440p .*? 4K .*? LTX 2\.3 Pro", text)


def test_active_price_cannot_be_changed(staff, price_list):
    row = PriceRow.objects.first()
    assert staff.post(f"{PRICES}{row.pk}/withdraw").status_code == 404
    form = {"model": "ltx-2-3-fast", "tier": "720p", "credits_per_second": "9", "valid_from": "2026-01-01"}
    response = staff.post(PRICES, form)
    assert response.status_code == 422
    assert "A new price can start tomorrow at the earliest" in words(response)


def test_model_can_be_disabled_for_all_teams(staff, client_of, bob, team, studio):
    staff.post(f"{PRICES}models/ltx-2-5-pro", {"is_on": "false"})
    assert not OfferedModel.objects.get(model="ltx-2-5-pro").is_on
    assert "LTX 2.5 Pro" not in words(client_of(bob).get(studio))
    assert staff.post(f"{PRICES}models/dall-e", {"is_on": "true"}).status_code == 404


def test_provider_costs_are_shown_beside_charged_credits(staff, funded, bob):
    take = make_generation(funded, bob)
    Attempt.objects.create(
        generation=take,
        number=1,
        provider="p",
        outcome=Outcome.ACCEPTED,
        bill=Bill.DUE,
        request={},
        provider_job_id="1",
    )
    lost = make_generation(funded, bob, State.FAILED)
    Attempt.objects.create(
        generation=lost, number=1, provider="p", outcome=Outcome.UNKNOWN, bill=Bill.POSSIBLE, request={}
    )
    assert "LTX 2.3 Fast 1080p landscape 2 36 36 36 0" in words(staff.get(CREDITS))


def test_transactions_sum_up_to_the_balance(staff, funded, other_team):
    staff.post(team_url(funded, "transfer"), {"to": other_team.slug, "amount": "400", "reason": "Lent."})
    form = {"kind": "correction", "amount": "-100", "reason": "A mistake.", "newest": newest(staff, funded)}
    staff.post(team_url(funded, "grant"), form)
    for wallet in Wallet.objects.all():
        changes = LedgerEntry.objects.filter(wallet=wallet).values_list("posted_change", flat=True)
        assert sum(changes) == wallet.posted
    assert not list(run_checks(CHECKS))
