"""The pages of an invited person, with and without an account."""

import re

import pytest
from allauth.account.models import EmailAddress

from generations.accounts.invitations import invite, revoke_invitation
from generations.accounts.members import close_membership
from generations.accounts.models import Invitation, Membership, Team, User
from generations.accounts.roles import Role
from tests.accounts.conftest import WEEK
from tests.conftest import PASSWORD
from tests.web.pages import words

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def owner(alice, team, member):
    return member(alice, team)


@pytest.fixture
def link(owner) -> str:
    return f"/invitations/{invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, max_uses=2).secret}"


@pytest.fixture
def letter(owner) -> str:
    made = invite(inviter=owner, role=Role.REVIEWER, lifetime=WEEK, email="dana@example.com")
    return f"/invitations/{made.secret}"


def test_secret_is_removed_from_the_url(client, link):
    response = client.get(link)
    assert response["Location"] == "/invitations/"
    secret = link.rpartition("/")[2]
    assert secret not in client.get("/invitations/").content.decode()
    assert secret not in str(dict(client.session))


def test_page_shows_inviter_and_team(client, link):
    text = words(client.get(link, follow=True))
    assert "Join Lighthouse" in text
    assert "Alice invited you to join as creator" in text


def test_signed_in_user_can_join(client_of, charlie, link, team):
    browser = client_of(charlie)
    assert "Join as Charlie" in words(browser.get(link, follow=True))
    response = browser.post("/invitations/", follow=True)
    assert response.redirect_chain[-1][0] == f"/t/{team.slug}/studio/"
    assert "You joined Lighthouse as Creator." in words(response)
    assert browser.post("/invitations/").status_code == 410


def test_invitation_for_another_address(client_of, charlie, letter, team):
    browser = client_of(charlie)
    text = words(browser.get(letter, follow=True))
    assert "This invitation is for dana@example.com, but you're signed in as charlie@example.com." in text
    assert "Join as" not in text
    browser.post("/invitations/")
    assert not Membership.objects.filter(user=charlie, team=team).exists()


class TestWithoutAnAccount:
    def test_account_can_be_created_from_an_email_invitation(self, client, letter, team, mailoutbox):
        assert "Create account and join" in words(client.get(letter, follow=True))
        response = client.post("/invitations/account", {"name": "Dana", "password": PASSWORD}, follow=True)
        assert response.redirect_chain[-1][0] == f"/t/{team.slug}/gallery/"
        user = User.objects.get(email="dana@example.com")
        assert [membership.team for membership in user.memberships.all()] == [team]
        assert EmailAddress.objects.get(user=user).verified
        assert [sent.to for sent in mailoutbox if sent.to == ["dana@example.com"]] == []

    def test_weak_password_is_rejected_at_its_field(self, client, letter):
        client.get(letter)
        response = client.post("/invitations/account", {"name": "Dana", "password": "abc"})
        assert response.status_code == 422
        assert "too short" in words(response)
        assert not User.objects.filter(email="dana@example.com").exists()

    def test_link_offers_sign_up(self, client, link):
        html = client.get(link, follow=True).content.decode()
        assert "/account/signup/?next=/invitations/" in html
        assert client.post("/invitations/account", {"name": "Dana", "password": PASSWORD}).status_code == 410
        assert not User.objects.filter(name="Dana").exists()

    def test_sign_up_continues_with_the_invitation(self, client, link, team, mailoutbox):
        client.get(link)
        form = {"email": "dana@example.com", "password1": PASSWORD, "next": "/invitations/"}
        client.post("/account/signup/", form)
        confirm = re.search(r"https?://[^/]+(/account/confirm-email/\S+)", mailoutbox[-1].body)[1]
        client.post(confirm)
        entrance = {"login": "dana@example.com", "password": PASSWORD, "next": "/invitations/"}
        response = client.post("/account/login/", entrance, follow=True)
        assert "Join Lighthouse" in words(response)
        client.post("/invitations/")
        user = User.objects.get(email="dana@example.com")
        assert list(Team.objects.filter(memberships__user=user)) == [team]

    def test_existing_account_is_asked_to_sign_in(self, client, charlie, owner):
        made = invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK, email=charlie.email)
        text = words(client.get(f"/invitations/{made.secret}", follow=True))
        assert "charlie@example.com already has an account. Sign in to accept the invitation." in text
        client.post("/invitations/account", {"name": "Eve", "password": PASSWORD})
        charlie.refresh_from_db()
        assert charlie.name == "Charlie"
        assert "_auth_user_id" not in client.session

    def test_joining_requires_an_account(self, client, link):
        client.get(link)
        assert client.post("/invitations/")["Location"].startswith("/account/login/?next=/invitations/")


class TestInvalidInvitations:
    def ask(self, client, address) -> str:
        response = client.get(address, follow=True)
        assert response.status_code == 410
        page = response.content.decode()
        return re.sub(r'csrf[^>]+"[\w-]{20,}"|"X-CSRFToken": "\w+"', "", page)

    def test_all_invalid_invitations_look_the_same(self, client, owner, link):
        revoked = invite(inviter=owner, role=Role.CREATOR, lifetime=WEEK)
        revoke_invitation(invitation=revoked.invitation, actor=owner)
        expired = invite(inviter=owner, role=Role.CREATOR, lifetime=-WEEK)
        Invitation.objects.exclude(pk__in=[revoked.invitation.pk, expired.invitation.pk]).update(uses=2)
        pages = [
            self.ask(client, address)
            for address in (
                link,
                f"/invitations/{revoked.secret}",
                f"/invitations/{expired.secret}",
                "/invitations/never-made",
            )
        ]
        assert len(set(pages)) == 1
        assert "Ask for a new one" in pages[0]

    def test_page_without_an_invitation(self, client, db):
        assert client.get("/invitations/").status_code == 410

    def test_deactivated_member_cannot_join(self, client_of, bob, owner, team, link, member):
        close_membership(membership=member(bob, team), actor=owner)
        browser = client_of(bob)
        browser.get(link)
        response = browser.post("/invitations/")
        assert response.status_code == 409
        assert "Ask an owner or admin to reactivate you." in words(response)
