"""Request credits and decide requests through the pages."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection

from generations.credits.models import CreditRequest, LedgerEntry, QuotaRaise
from generations.credits.reconciliation import CHECKS, run_checks
from generations.credits.requests import request_credits
from generations.events.models import Event, Notification
from tests.web.pages import HTMX, form_values, words


@pytest.fixture
def requests_url(team) -> str:
    return f"/t/{team.slug}/credits/requests/"


@pytest.fixture
def asked(give_quota, bob, funded, member):
    give_quota(bob, 30)
    return request_credits(membership=member(bob, funded), target="quota", amount=70, reason="Two more takes.")


def notifications_of(user) -> list[str]:
    return [notice.text for notice in Notification.objects.filter(user=user).order_by("id")]


def test_studio_offers_to_request_the_missing_credits(
    client_of, bob, alice, funded, filled, studio, give_quota, requests_url
):
    give_quota(bob, 30)
    form = filled(model="ltx-2-3-fast", resolution="1920x1080", duration="6", quoted=None)
    page = client_of(bob).post(studio, form)
    assert page.status_code == 402
    assert "This job needs 36 credits. Your limit has 30 credits left." in words(page)
    asking = {name: value for name, value in form_values(page).items() if name in ("target", "amount")}
    assert asking["target"] == "quota"
    assert 'name="amount" value="6"' in page.content.decode()
    response = client_of(bob).post(requests_url, {"target": "quota", "amount": 6, "reason": "One more take."}, **HTMX)
    assert response.status_code == 200
    assert "You requested 6 credits" in words(response)
    assert notifications_of(alice) == ["Bob requested 6 credits (Lighthouse)"]


def test_jobs_page_offers_to_request_the_missing_credits(client_of, bob, funded, give_quota):
    from generations.jobs.models import State
    from tests.library.factories import make_generation

    job = make_generation(funded, bob, State.FAILED)
    give_quota(bob, 30)
    address = f"/t/{funded.slug}/jobs/{job.pk}/retry"
    for headers in ({}, HTMX):
        page = client_of(bob).post(address, **headers)
        assert page.status_code == 402
        text = words(page)
        assert "Required 36 credits" in text
        assert "Request credits" in text
    assert page["HX-Retarget"] == "#messages"


def test_request_without_javascript_redirects_to_the_list(client_of, bob, funded, requests_url):
    page = client_of(bob).post(requests_url, {"target": "wallet", "amount": 500, "reason": "A feature."}, follow=True)
    assert "Request sent." in words(page)
    assert "Bob: 500 credits" in words(page)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"target": "quota", "amount": "", "reason": "x"}, "Enter an amount."),
        ({"target": "quota", "amount": "0", "reason": "x"}, "Request at least 1 credit."),
        ({"target": "quota", "amount": "5", "reason": ""}, "Enter a reason."),
        ({"target": "moon", "amount": "5", "reason": "x"}, "Request credits"),
    ],
)
def test_invalid_request_shows_the_error_in_the_panel(client_of, bob, funded, requests_url, form, message):
    response = client_of(bob).post(requests_url, form, **HTMX)
    assert response.status_code == 422
    assert message in words(response)
    assert not CreditRequest.objects.exists()


def test_member_can_have_one_pending_request(client_of, bob, asked, requests_url):
    response = client_of(bob).post(requests_url, {"target": "quota", "amount": 5, "reason": "More."}, **HTMX)
    assert response.status_code == 422
    assert "You requested 70 credits" in words(response)
    assert CreditRequest.objects.count() == 1


def test_approval_increases_the_quota_until_it_resets(client_of, alice, bob, asked, requests_url, team):
    page = client_of(alice).get(requests_url)
    assert "Bob: 70 credits" in words(page)
    form = {"amount": "50", "until": "period", "note": "Enjoy."}
    response = client_of(alice).post(f"{requests_url}{asked.pk}/approve", form, follow=True)
    assert "Approved: +50 credits for Bob." in words(response)
    raised = QuotaRaise.objects.get()
    assert (raised.amount, raised.expires_at.day, raised.expires_at.hour) == (50, 1, 0)
    assert notifications_of(bob) == ["Your request was approved: +50 credits in Lighthouse"]
    assert "80 of 80 credits left" in words(client_of(bob).get(f"/t/{team.slug}/credits/"))
    assert Event.objects.filter(kind="credits.request_approved", is_audit=True, actor=alice).count() == 1


def test_declining_requires_a_note_for_the_requester(client_of, alice, bob, asked, requests_url):
    assert client_of(alice).post(f"{requests_url}{asked.pk}/decline", {"note": ""}).status_code == 422
    client_of(alice).post(f"{requests_url}{asked.pk}/decline", {"note": "Next month."})
    assert notifications_of(bob) == ["Your request for 70 credits in Lighthouse was declined"]
    assert "“Next month.”" in words(client_of(bob).get(requests_url))
    assert not QuotaRaise.objects.exists()


def test_only_the_requester_can_withdraw(client_of, alice, bob, asked, requests_url):
    assert client_of(alice).post(f"{requests_url}{asked.pk}/withdraw").status_code == 404
    assert "Request credits" in words(client_of(bob).post(f"{requests_url}{asked.pk}/withdraw", **HTMX))
    assert client_of(alice).post(f"{requests_url}{asked.pk}/approve", {"amount": 5, "until": "week"}).status_code == 409


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("rita", 403), ("charlie", 404)])
@pytest.mark.parametrize("act", ["approve", "decline"])
def test_only_managers_can_decide(client_of, request, asked, requests_url, who, status, act):
    form = {"amount": 5, "until": "week", "note": "x"}
    assert client_of(request.getfixturevalue(who)).post(f"{requests_url}{asked.pk}/{act}", form).status_code == status
    assert CreditRequest.objects.get().state == "pending"


def test_request_of_another_team_is_a_404(client_of, charlie, other_team, asked):
    form = {"amount": 5, "until": "week", "note": "x"}
    for pk in (asked.pk, uuid4()):
        address = f"/t/{other_team.slug}/credits/requests/{pk}/approve"
        assert client_of(charlie).post(address, form).status_code == 404


def test_wallet_request_is_decided_by_site_staff(client_of, alice, charlie, funded, requests_url):
    charlie.is_staff = True
    charlie.save()
    client_of(alice).post(requests_url, {"target": "wallet", "amount": 500, "reason": "A feature."})
    asked = CreditRequest.objects.get()
    assert client_of(alice).post(f"{requests_url}{asked.pk}/approve", {"amount": 5, "until": "week"}).status_code == 404
    assert "Lighthouse: 500 credits" in words(client_of(charlie).get("/ops/credits/"))
    client_of(charlie).post(f"/ops/credits/requests/{asked.pk}", {"decision": "approve", "amount": "400"})
    entry = LedgerEntry.objects.latest("id")
    assert (entry.kind, entry.posted_change, entry.reason) == ("grant", 400, "Alice requested: A feature.")
    assert notifications_of(alice) == ["Your request was approved: +400 credits in Lighthouse"]


@pytest.mark.django_db(transaction=True)
def test_parallel_approvals_grant_once(client_of, alice, bob, asked, requests_url):
    browsers = [client_of(alice) for _ in range(8)]

    def approve(browser) -> int:
        try:
            form = {"amount": "50", "until": "week"}
            return browser.post(f"{requests_url}{asked.pk}/approve", form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(approve, browsers))
    assert codes == [302] + [409] * 7
    assert QuotaRaise.objects.count() == 1
    assert notifications_of(bob) == ["Your request was approved: +50 credits in Lighthouse"]
    assert not list(run_checks(CHECKS))
