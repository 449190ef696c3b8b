"""The credit desk of site staff: balances, requests, transfers, refills, freezes, prices."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.credits.audit import CHECKS, run_checks
from generations.credits.models import Freeze, LedgerEntry, Lot, OfferedModel, PriceRow, RefillRule, Wallet
from generations.events.models import Event
from generations.jobs.models import Attempt, Bill, Generation, Outcome, State
from tests.library.factories import make_generation
from tests.web.pages import form_values, words

DESK = "/ops/credits/"
PRICES = "/ops/prices/"
SOON = timezone.now().date() + timedelta(days=10)


@pytest.fixture
def staff(client_of, charlie):
    charlie.is_staff = True
    charlie.save()
    return client_of(charlie)


def of(team, act: str = "") -> str:
    return f"{DESK}teams/{team.pk}/{act}"


def newest(staff, team) -> str:
    return form_values(staff.get(of(team)))["newest"]


def test_every_team_stands_in_the_list(staff, funded, other_team, bob):
    make_generation(funded, bob)
    make_generation(funded, bob, State.QUEUED, duration=8)
    text = words(staff.get(DESK))
    assert "Lighthouse lighthouse 916 48 964 36" in text
    assert "Harbour harbour 0 0 0 0" in text
    assert "Harbour" not in words(staff.get(DESK, {"q": "light"}))


@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("address", [DESK, PRICES])
def test_it_is_for_site_staff_alone(client_of, request, who, address, team):
    for page in (address, of(team)):
        assert client_of(request.getfixturevalue(who)).get(page).status_code == 404
    for act in ("grant", "transfer", "refill", "freeze"):
        assert client_of(request.getfixturevalue(who)).post(of(team, act)).status_code == 404


def test_a_grant_with_an_end_that_is_sent_twice_counts_once(staff, team):
    form = {"kind": "grant", "amount": "300", "last_day": str(SOON), "reason": "A trial.", "newest": "0"}
    assert staff.post(of(team, "grant"), form).status_code == 302
    again = staff.post(of(team, "grant"), form)
    assert again.status_code == 422
    assert "The balance has changed since this page was opened." in words(again)
    (lot,) = Lot.objects.all()
    assert (lot.remaining, lot.expires_at.date()) == (300, SOON + timedelta(days=1))
    assert not list(run_checks(CHECKS))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": ""}, "Say why"),
        ({"amount": "-5"}, "at least 1 credit"),
        ({"kind": "correction", "amount": "-2000"}, "Only 1,000 credits are free"),
        ({"kind": "correction", "last_day": str(SOON)}, "Only granted credits can end."),
        ({"last_day": "2020-01-01"}, "must expire in the future"),
    ],
)
def test_a_change_that_will_not_do_says_so(staff, funded, changes, said):
    form = {"kind": "grant", "amount": "5", "reason": "x", "newest": newest(staff, funded), **changes}
    answer = staff.post(of(funded, "grant"), form)
    assert answer.status_code == 422
    assert said in words(answer)
    assert Wallet.objects.get(team=funded).posted == 1000


def test_a_transfer_moves_credits_between_teams(staff, funded, other_team):
    staff.post(of(funded, "transfer"), {"to": other_team.slug, "amount": "400", "reason": "Lent."})
    assert dict(Wallet.objects.values_list("team__name", "posted")) == {"Lighthouse": 600, "Harbour": 400}
    answer = staff.post(of(funded, "transfer"), {"to": "nowhere", "amount": "4", "reason": "Lent."})
    assert answer.status_code == 422
    assert "There is no team at /t/nowhere/." in words(answer)


def test_a_refill_rule_is_kept(staff, funded):
    staff.post(of(funded, "refill"), {"is_on": "on", "mode": "add", "amount": "250", "does_expire": "on"})
    rule = RefillRule.objects.get()
    assert (rule.team, rule.mode, rule.amount, rule.does_expire, rule.is_on) == (funded, "add", 250, True, True)
    staff.post(of(funded, "refill"), {"mode": "add", "amount": "250"})
    assert not RefillRule.objects.get().is_on


@pytest.mark.parametrize("everybody", [True, False])
def test_a_freeze_stops_new_jobs_and_says_why(staff, client_of, bob, funded, studio, filled, everybody):
    form = filled(model="ltx-2-3-fast", resolution="1280x720", duration="6", quoted=None)
    stop = f"{DESK}freeze" if everybody else of(funded, "freeze")
    staff.post(stop, {"reason": "The provider is being moved."})
    assert "The provider is being moved. Jobs in progress will finish." in words(client_of(bob).get(studio))
    answer = client_of(bob).post(studio, form)
    assert answer.status_code == 503
    assert "The provider is being moved." in words(answer)
    assert not Generation.objects.exists()
    staff.post(f"{DESK}freezes/{Freeze.objects.get().pk}/end")
    assert client_of(bob).post(studio, form).status_code == 303
    kinds = Event.objects.filter(is_audit=True, kind__contains="frozen").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["credits.frozen", "credits.unfrozen"]


def test_a_price_holds_from_its_day_on_and_can_be_withdrawn_before(staff, price_list):
    form = {"model": "ltx-2-3-fast", "tier": "720p", "credits_per_second": "9", "valid_from": str(SOON)}
    staff.post(PRICES, form)
    row = PriceRow.objects.get(valid_from=SOON)
    assert row.credits_per_second == 9
    assert "Scheduled 9 Remove" in words(staff.get(PRICES))
    staff.post(f"{PRICES}{row.pk}/withdraw")
    assert not PriceRow.objects.filter(pk=row.pk).exists()


def test_prices_stand_from_the_smallest_size_to_the_largest(staff, price_list):
    text = words(staff.get(PRICES)).partition("Price history")[2]
    assert re.search(r"LTX 2\.3 Fast 720p .*? 1080p .*? 1440p .*? 4K .*? LTX 2\.3 Pro", text)


def test_a_price_that_has_begun_stays(staff, price_list):
    row = PriceRow.objects.first()
    assert staff.post(f"{PRICES}{row.pk}/withdraw").status_code == 404
    form = {"model": "ltx-2-3-fast", "tier": "720p", "credits_per_second": "9", "valid_from": "2026-01-01"}
    answer = staff.post(PRICES, form)
    assert answer.status_code == 422
    assert "A price begins tomorrow at the earliest" in words(answer)


def test_a_model_is_switched_off_for_everybody(staff, client_of, bob, team, studio):
    staff.post(f"{PRICES}models/ltx-2-5-pro", {"is_on": "false"})
    assert not OfferedModel.objects.get(model="ltx-2-5-pro").is_on
    assert "LTX 2.5 Pro" not in words(client_of(bob).get(studio))
    assert staff.post(f"{PRICES}models/dall-e", {"is_on": "true"}).status_code == 404


def test_what_the_provider_bills_stands_beside_what_was_charged(staff, funded, bob):
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
    assert "LTX 2.3 Fast 1080p landscape 2 36 36 36 0" in words(staff.get(DESK))


def test_the_statement_sums_up_to_the_balance(staff, funded, other_team):
    staff.post(of(funded, "transfer"), {"to": other_team.slug, "amount": "400", "reason": "Lent."})
    form = {"kind": "correction", "amount": "-100", "reason": "A mistake.", "newest": newest(staff, funded)}
    staff.post(of(funded, "grant"), form)
    for wallet in Wallet.objects.all():
        changes = LedgerEntry.objects.filter(wallet=wallet).values_list("posted_change", flat=True)
        assert sum(changes) == wallet.posted
    assert not list(run_checks(CHECKS))
