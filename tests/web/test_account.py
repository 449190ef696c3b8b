import re
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress

from generations.accounts.models import User
from tests.conftest import PASSWORD
from tests.web.pages import form_values, words

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def verified(bob):
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    return bob


def link_in(mail) -> str:
    return re.search(r"https?://[^/]+(/\S+)", mail.body)[1]


ENTRANCES = (
    "login",
    "signup",
    "password/reset",
    "password/reset/done",
    "password/reset/key/done",
    "password/reset/key/1-nonsense",
    "confirm-email",
    "confirm-email/nonsense",
    "inactive",
)


@pytest.mark.parametrize("page", ENTRANCES)
def test_a_stranger_s_page_stands_in_the_shell(client, db, page):
    answer = client.get(f"/account/{page}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.count("<h1") == 1
    assert 'class="entrance"' in html
    assert "css/tokens" in html


@pytest.mark.parametrize("page", ["email", "password/change", "logout", "reauthenticate"])
def test_a_member_s_page_stands_in_the_shell(client_of, verified, page):
    answer = client_of(verified).get(f"/account/{page}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.count("<h1") == 1
    assert "css/tokens" in html


def test_the_demo_accounts_are_shown_where_they_exist(client, db, settings):
    assert "owner@example.com" in words(client.get("/account/login/"))
    settings.IS_DEMO = False
    assert "owner@example.com" not in words(client.get("/account/login/"))


def test_it_signs_in_and_leads_to_the_work(client, verified, team):
    page = client.post("/account/login/", {"login": verified.email, "password": PASSWORD}, follow=True)
    assert page.redirect_chain[-1][0] == f"/t/{team.slug}/studio/"
    assert "Sign out" in words(page)


def test_a_wrong_password_is_said_beside_the_form(client, verified):
    page = client.post("/account/login/", {"login": verified.email, "password": "wrong"})
    assert "not correct" in words(page)
    assert 'class="notice is-bad"' in page.content.decode()


def test_too_many_tries_are_stopped_in_the_look_of_the_product(client, verified):
    def tries() -> Iterator[str]:
        for _ in range(40):
            yield words(client.post("/account/login/", {"login": verified.email, "password": "wrong"}))

    assert any("Too many" in page for page in tries())


def test_it_makes_an_account_by_mail(client, db, mailoutbox):
    answer = client.post("/account/signup/", {"email": "dora@example.com", "password1": PASSWORD})
    assert answer["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "Welcome to Dailies: confirm your address"
    link = link_in(mailoutbox[0])
    assert "Confirm your address" in words(client.get(link))
    client.post(link)
    dora = User.objects.get(email="dora@example.com")
    assert EmailAddress.objects.get(user=dora).verified
    assert dora.teams.count() == 1


def test_a_taken_address_is_told_by_mail_only(client, verified, mailoutbox):
    answer = client.post("/account/signup/", {"email": verified.email, "password1": PASSWORD})
    assert answer["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "You have an account at Dailies already"


def test_a_weak_password_is_said_at_its_field(client, db):
    page = client.post("/account/signup/", {"email": "dora@example.com", "password1": "abc"})
    assert "too short" in words(page)
    assert 'aria-invalid="true"' in page.content.decode()
    assert form_values(page).get("csrfmiddlewaretoken")


def test_a_forgotten_password_is_set_by_mail(client, verified, mailoutbox):
    assert client.post("/account/password/reset/", {"email": verified.email})["Location"] == (
        "/account/password/reset/done/"
    )
    assert mailoutbox[0].subject == "Set a new password"
    form = client.get(link_in(mailoutbox[0]), follow=True)
    target = form.redirect_chain[-1][0]
    done = client.post(target, {"password1": "a-brand-new-one", "password2": "a-brand-new-one"}, follow=True)
    assert "Your new password is set" in words(done)
    verified.refresh_from_db()
    assert verified.check_password("a-brand-new-one")


def test_an_unknown_address_is_not_given_away(client, db, mailoutbox):
    answer = client.post("/account/password/reset/", {"email": "nobody@example.com"})
    assert answer["Location"] == "/account/password/reset/done/"
    assert mailoutbox[0].subject == "There is no account with this address"


def test_a_password_is_changed(client_of, verified):
    values = {"oldpassword": PASSWORD, "password1": "a-brand-new-one", "password2": "a-brand-new-one"}
    page = client_of(verified).post("/account/password/change/", values, follow=True)
    assert "Your password is changed." in words(page)


def test_an_address_is_added_and_its_link_sent(client_of, verified, mailoutbox):
    browser = client_of(verified)
    page = browser.post("/account/email/", {"email": "second@example.com", "action_add": "1"}, follow=True)
    assert "We have sent a link to second@example.com." in words(page)
    assert "second@example.com Not confirmed" in words(page)
    assert mailoutbox[0].subject == "Confirm your email address"


def test_the_primary_address_stays(client_of, verified):
    values = {"email": verified.email, "action_remove": "1"}
    page = client_of(verified).post("/account/email/", values, follow=True)
    assert "is your primary address" in words(page)


def test_mails_say_names_as_they_are(client_of, verified, mailoutbox):
    User.objects.filter(pk=verified.pk).update(name="O'Hara & Sons")
    client_of(verified).post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    assert "O'Hara & Sons" in mailoutbox[0].body


def test_signing_out_leads_to_signing_in(client_of, verified):
    browser = client_of(verified)
    assert browser.post("/account/logout/")["Location"] == "/account/login/"
    assert "Sign in" in words(browser.get("/"))
