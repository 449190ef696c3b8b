import re
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress

from generations.accounts.models import User
from tests.conftest import PASSWORD
from tests.web.pages import form_values, words

pytestmark = pytest.mark.usefixtures("own_cache")


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
    assert 'class="auth"' in html
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
    assert 'class="message is-error"' in page.content.decode()


def test_too_many_tries_are_stopped_in_the_look_of_the_product(client, verified):
    def tries() -> Iterator[str]:
        for _ in range(40):
            yield words(client.post("/account/login/", {"login": verified.email, "password": "wrong"}))

    assert any("Too many" in page for page in tries())


def test_it_makes_an_account_by_mail(client, db, mailoutbox):
    answer = client.post("/account/signup/", {"email": "dora@example.com", "password1": PASSWORD})
    assert answer["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "Welcome to Dailies: confirm your email"
    link = link_in(mailoutbox[0])
    assert "Confirm your email" in words(client.get(link))
    client.post(link)
    dora = User.objects.get(email="dora@example.com")
    assert EmailAddress.objects.get(user=dora).verified
    assert dora.teams.count() == 1


def test_a_taken_address_is_told_by_mail_only(client, verified, mailoutbox):
    answer = client.post("/account/signup/", {"email": verified.email, "password1": PASSWORD})
    assert answer["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "You already have a Dailies account"


def test_a_weak_password_is_said_at_its_field(client, db):
    page = client.post("/account/signup/", {"email": "dora@example.com", "password1": "abc"})
    assert "too short" in words(page)
    assert 'aria-invalid="true"' in page.content.decode()
    assert form_values(page).get("csrfmiddlewaretoken")


def test_a_forgotten_password_is_set_by_mail(client, verified, mailoutbox):
    assert client.post("/account/password/reset/", {"email": verified.email})["Location"] == (
        "/account/password/reset/done/"
    )
    assert mailoutbox[0].subject == "Reset your Dailies password"
    form = client.get(link_in(mailoutbox[0]), follow=True)
    target = form.redirect_chain[-1][0]
    done = client.post(target, {"password1": "a-brand-new-one", "password2": "a-brand-new-one"}, follow=True)
    assert "Your password was changed" in words(done)
    verified.refresh_from_db()
    assert verified.check_password("a-brand-new-one")


def test_an_unknown_address_is_not_given_away(client, db, mailoutbox):
    answer = client.post("/account/password/reset/", {"email": "nobody@example.com"})
    assert answer["Location"] == "/account/password/reset/done/"
    assert mailoutbox[0].subject == "Password reset: no account found"


def test_a_password_is_changed(proven, verified):
    values = {"oldpassword": PASSWORD, "password1": "a-brand-new-one", "password2": "a-brand-new-one"}
    page = proven(verified).post("/account/password/change/", values, follow=True)
    assert "Your password was changed." in words(page)


def test_an_address_changes_when_the_new_one_is_confirmed(proven, verified, mailoutbox):
    browser = proven(verified)
    page = browser.post("/account/email/", {"email": "second@example.com", "action_add": "1"}, follow=True)
    assert "We sent a link to second@example.com." in words(page)
    assert f"You sign in with {verified.email}" in words(page)
    letter = mailoutbox[0]
    assert (letter.subject, letter.to) == ("Confirm your email", ["second@example.com"])
    browser.post(link_in(letter))
    verified.refresh_from_db()
    assert verified.email == "second@example.com"
    assert list(EmailAddress.objects.filter(user=verified).values_list("email", flat=True)) == ["second@example.com"]
    told = next(mail for mail in mailoutbox if mail.to == ["bob@example.com"])
    assert "from bob@example.com to second@example.com" in told.body


def test_a_change_of_address_can_be_taken_back(proven, verified):
    browser = proven(verified)
    browser.post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    browser.post("/account/email/", {"email": "second@example.com", "action_remove": "1"})
    assert not EmailAddress.objects.filter(email="second@example.com").exists()
    verified.refresh_from_db()
    assert verified.email == "bob@example.com"


def test_an_address_changes_only_for_who_says_the_password_again(client, verified):
    client.post("/account/login/", {"login": verified.email, "password": PASSWORD})
    answer = client.post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert not EmailAddress.objects.filter(email="second@example.com").exists()
    # What was interrupted goes on by itself.
    client.post(answer["Location"], {"password": PASSWORD})
    assert EmailAddress.objects.filter(email="second@example.com", verified=False).exists()


def test_an_address_of_somebody_else_is_not_given_away(proven, verified, charlie, mailoutbox):
    page = proven(verified).post("/account/email/", {"email": charlie.email, "action_add": "1"}, follow=True)
    assert f"We sent a link to {charlie.email}." in words(page)
    assert "confirm" not in mailoutbox[-1].subject


def test_mails_say_names_as_they_are(proven, verified, mailoutbox):
    User.objects.filter(pk=verified.pk).update(name="O'Hara & Sons")
    proven(verified).post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    assert "O'Hara & Sons" in mailoutbox[0].body


def test_signing_out_leads_to_signing_in(client_of, verified):
    browser = client_of(verified)
    assert browser.post("/account/logout/")["Location"] == "/account/login/"
    assert "Sign in" in words(browser.get("/"))
