import csv
from io import StringIO

import pytest

from generations.credits.grants import grant_credits
from generations.jobs.models import State
from tests.library.factories import make_generation
from tests.web.pages import HTMX, links, words


@pytest.fixture
def credits_page(team) -> str:
    return f"/t/{team.slug}/credits/"


def test_transactions_show_every_change_with_its_balance(client_of, alice, bob, funded, credits_page):
    take = make_generation(funded, bob)
    make_generation(funded, alice, State.QUEUED, duration=8)
    page = client_of(alice).get(credits_page)
    text = words(page)
    assert "Available 916" in text
    assert "Reserved 48" in text
    assert "Total balance 964" in text
    assert "Grant opening balance Alice +1,000 0 1,000 0 1,000" in text
    assert "Reserved The lantern sways. Bob 0 +36 1,000 36 964" in text
    assert "Charged The lantern sways. Bob −36 −36 964 0 964" in text
    assert f"/t/{funded.slug}/takes/{take.pk}/" in links(page)


def test_pages_contain_every_transaction(client_of, alice, funded, credits_page):
    for amount in range(1, 61):
        grant_credits(team=funded, amount=amount, reason=f"No. {amount}.", actor=alice)
    seen, address = "", credits_page
    while address:
        page = client_of(alice).get(address, **HTMX)
        seen += words(page)
        more = [link for link in links(page) if link.startswith("?before=")]
        address = credits_page + more[0] if more else ""
    assert [f"No. {amount}." in seen for amount in range(1, 61)] == [True] * 60
    assert seen.count("Grant") == 61


def test_member_sees_only_their_own_jobs(client_of, alice, bob, funded, credits_page, give_quota):
    give_quota(bob, 500)
    make_generation(funded, bob, prompt="Mine.")
    make_generation(funded, bob, State.QUEUED, duration=8)
    make_generation(funded, alice, prompt="Hers.")
    text = words(client_of(bob).get(credits_page))
    assert "416 of 500 credits left" in text
    assert "36 charged, 48 reserved" in text
    assert "Mine." in text
    assert "Charged 36 36" in text
    assert "Hers." not in text
    assert "opening balance" not in text


def test_a_member_without_a_limit_sees_the_team_credits(client_of, bob, funded, credits_page):
    page = words(client_of(bob).get(credits_page))
    assert "No personal limit. You can use all of your team's 1,000 credits." in page


def test_a_role_that_cannot_generate_sees_so(client_of, rita, funded, credits_page):
    assert "Your role can't generate videos." in words(client_of(rita).get(credits_page))


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_invalid_cursor_is_a_400(client_of, alice, bob, team, credits_page, before):
    for person in (alice, bob):
        response = client_of(person).get(credits_page, {"before": before})
        assert response.status_code == 400
        assert "page link is no longer valid" in words(response)


def test_query_count_does_not_depend_on_the_number_of_transactions(
    client_of, alice, bob, funded, credits_page, give_quota, django_assert_max_num_queries
):
    give_quota(bob, 900)
    for person in (alice, bob):
        browser = client_of(person)
        make_generation(funded, person)
        browser.get(credits_page)
        with django_assert_max_num_queries(14) as few:
            browser.get(credits_page)
        for _ in range(4):
            make_generation(funded, person)
        with django_assert_max_num_queries(len(few)):
            browser.get(credits_page)


def test_filter_by_type_and_day_and_csv(client_of, alice, bob, funded, credits_page):
    make_generation(funded, bob)
    browser = client_of(alice)
    text = words(browser.get(credits_page, {"kind": "grant"}))
    assert "Grant opening balance" in text
    assert "Charged The lantern sways." not in text
    assert "No transactions yet." in words(browser.get(credits_page, {"last": "2020-01-01"}))
    response = browser.get(credits_page, {"kind": "capture", "format": "csv"})
    rows = list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))
    assert [row[1:] for row in rows[1:]] == [["Charged", "The lantern sways.", "Bob", "-36", "-36", "964", "0", "964"]]


@pytest.mark.parametrize("query", [{"kind": "theft"}, {"first": "soon"}, {"first": "0001-01-01", "last": "9999-12-31"}])
def test_invalid_filter_is_ignored(client_of, alice, funded, credits_page, query):
    response = client_of(alice).get(credits_page, query)
    assert response.status_code == 200
    assert "opening balance" in words(response)
