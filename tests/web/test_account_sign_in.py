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
def test_public_page_uses_the_layout(client, db, page):
    response = client.get(f"/account/{page}/")
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    assert 'class="auth"' in html
    assert "css/tokens" in html


@pytest.mark.parametrize("page", ["email", "password/change", "logout", "reauthenticate"])
def test_account_page_uses_the_layout(client_of, verified, page):
    response = client_of(verified).get(f"/account/{page}/")
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    assert "css/tokens" in html


def test_demo_accounts_are_shown_only_in_a_demo(client, db, settings):
    assert "owner@example.com" in words(client.get("/account/login/"))
    settings.IS_DEMO = False
    assert "owner@example.com" not in words(client.get("/account/login/"))


def test_sign_in_redirects_to_the_team(client, verified, team):
    page = client.post("/account/login/", {"login": verified.email, "password": PASSWORD}, follow=True)
    assert page.redirect_chain[-1][0] == f"/t/{team.slug}/studio/"
    assert "Sign out" in words(page)


def test_wrong_password_shows_an_error(client, verified):
    page = client.post("/account/login/", {"login": verified.email, "password": "wrong"})
    assert "not correct" in words(page)
    assert 'class="message is-error"' in page.content.decode()


def test_too_many_attempts_show_an_error_page(client, verified):
    def tries() -> Iterator[str]:
        for _ in range(40):
            yield words(client.post("/account/login/", {"login": verified.email, "password": "wrong"}))

    assert any("Too many" in page for page in tries())


def test_sign_up_with_email_confirmation(client, db, mailoutbox):
    response = client.post("/account/signup/", {"email": "dora@example.com", "password1": PASSWORD})
    assert response["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "Welcome to Dailies: confirm your email"
    link = link_in(mailoutbox[0])
    assert "Confirm your email" in words(client.get(link))
    client.post(link)
    dora = User.objects.get(email="dora@example.com")
    assert EmailAddress.objects.get(user=dora).verified
    assert dora.teams.count() == 1


def test_sign_up_with_a_known_address_sends_only_an_email(client, verified, mailoutbox):
    response = client.post("/account/signup/", {"email": verified.email, "password1": PASSWORD})
    assert response["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "You already have a Dailies account"


def test_weak_password_is_rejected_at_its_field(client, db):
    page = client.post("/account/signup/", {"email": "dora@example.com", "password1": "abc"})
    assert "too short" in words(page)
    assert 'aria-invalid="true"' in page.content.decode()
    assert form_values(page).get("csrfmiddlewaretoken")


def test_forgotten_password_can_be_reset_by_email(client, verified, mailoutbox):
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


def test_password_reset_does_not_reveal_unknown_addresses(client, db, mailoutbox):
    response = client.post("/account/password/reset/", {"email": "nobody@example.com"})
    assert response["Location"] == "/account/password/reset/done/"
    assert mailoutbox[0].subject == "Password reset: no account found"


def test_password_can_be_changed(proven, verified):
    values = {"oldpassword": PASSWORD, "password1": "a-brand-new-one", "password2": "a-brand-new-one"}
    page = proven(verified).post("/account/password/change/", values, follow=True)
    assert "Your password was changed." in words(page)


def test_address_changes_after_confirmation(proven, verified, mailoutbox):
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


def test_change_of_address_can_be_canceled(proven, verified):
    browser = proven(verified)
    browser.post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    browser.post("/account/email/", {"email": "second@example.com", "action_remove": "1"})
    assert not EmailAddress.objects.filter(email="second@example.com").exists()
    verified.refresh_from_db()
    assert verified.email == "bob@example.com"


def test_change_of_address_requires_the_password(client, verified):
    client.post("/account/login/", {"login": verified.email, "password": PASSWORD})
    response = client.post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    assert response["Location"].startswith("/account/reauthenticate/")
    assert not EmailAddress.objects.filter(email="second@example.com").exists()
    # The interrupted request continues.
    client.post(response["Location"], {"password": PASSWORD})
    assert EmailAddress.objects.filter(email="second@example.com", verified=False).exists()


def test_change_of_address_does_not_reveal_other_accounts(proven, verified, charlie, mailoutbox):
    page = proven(verified).post("/account/email/", {"email": charlie.email, "action_add": "1"}, follow=True)
    assert f"We sent a link to {charlie.email}." in words(page)
    assert "confirm" not in mailoutbox[-1].subject


def test_emails_do_not_escape_names(proven, verified, mailoutbox):
    User.objects.filter(pk=verified.pk).update(name="O'Hara & Sons")
    proven(verified).post("/account/email/", {"email": "second@example.com", "action_add": "1"})
    assert "O'Hara & Sons" in mailoutbox[0].body


def test_sign_out_redirects_to_sign_in(client_of, verified):
    browser = client_of(verified)
    assert browser.post("/account/logout/")["Location"] == "/account/login/"
    assert "Sign in" in words(browser.get("/"))
