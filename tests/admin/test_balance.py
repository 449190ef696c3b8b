import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from generations.accounts.models import Team, User
from generations.credits.models import LedgerEntry
from generations.credits.wallets import wallet_of
from generations.events.models import Event


def change(staff: Client, team: Team, **answers: object) -> object:
    """Open the page, fill its form in and send it."""
    address = reverse("admin:generations_wallet_balance", args=[team.pk])
    newest = staff.get(address).context["form"].fields["newest"].initial
    form = {"kind": "grant", "amount": 50, "reason": "Invoice 12", "newest": newest} | answers
    return staff.post(address, form)


def test_a_grant_appears_in_the_ledger(staff: Client, team: Team) -> None:
    answer = change(staff, team, amount=250)
    assert answer.status_code == 302
    entry = LedgerEntry.objects.get(wallet__team=team)
    assert (entry.kind, entry.posted_change, entry.posted_after, entry.reason) == ("grant", 250, 250, "Invoice 12")
    assert entry.actor.email == "staff@example.com"
    assert Event.objects.get(kind="credits.grant").actor == entry.actor
    assert "Invoice 12" in LogEntry.objects.get().change_message
    assert "250" in staff.get(answer["Location"]).content.decode()


def test_a_form_sent_twice_grants_once(staff: Client, team: Team) -> None:
    assert change(staff, team, newest=0).status_code == 302
    again = change(staff, team, newest=0)
    assert "has changed since" in again.content.decode()
    assert wallet_of(team).posted == 50


def test_a_correction_takes_credits_back(staff: Client, funded: Team) -> None:
    assert change(staff, funded, kind="correction", amount=-300).status_code == 302
    assert wallet_of(funded).posted == 700


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"amount": 0}, "at least 1 credit"),
        ({"amount": -5}, "at least 1 credit"),
        ({"amount": 0, "kind": "correction"}, "other than 0"),
        ({"amount": -1001, "kind": "correction"}, "1,000 credits are available"),
        ({"amount": 10**12}, "less than or equal"),
        ({"amount": "many"}, "whole number"),
        ({"reason": ""}, "required"),
        ({"reason": "x" * 201}, "at most 200"),
        ({"kind": "capture"}, "valid choice"),
        ({"newest": ""}, "required"),
    ],
)
def test_a_bad_change_is_explained(answers: dict[str, object], words: str, staff: Client, funded: Team) -> None:
    answer = change(staff, funded, **answers)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert wallet_of(funded).posted == 1000


def test_a_team_that_is_not_there_has_no_balance(staff: Client) -> None:
    assert staff.get(reverse("admin:generations_wallet_balance", args=[0])).status_code == 404


def test_the_owner_of_a_team_grants_nothing(client: Client, team: Team, alice: User) -> None:
    client.force_login(alice)
    address = reverse("admin:generations_wallet_balance", args=[team.pk])
    client.post(address, {"kind": "grant", "amount": 50, "reason": "please", "newest": 0})
    assert not LedgerEntry.objects.exists()
