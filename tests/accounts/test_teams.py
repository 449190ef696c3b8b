import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.db import IntegrityError
from django.test import Client

from generations.accounts.access import access_team
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import RIGHTS, Right, Role
from generations.accounts.teams import add_member, create_team
from generations.common.errors import ForbiddenError, NotFoundError

PASSWORD = "correct-horse-battery"


def test_a_team_has_an_owner_and_a_free_slug(alice: User) -> None:
    first, second = create_team(name="The Kiln", owner=alice), create_team(name="The Kiln", owner=alice)
    assert first.slug == "the-kiln"
    assert re.fullmatch(r"the-kiln-[0-9a-f]{4}", second.slug)
    assert first.memberships.get().role == Role.OWNER


def test_a_name_without_letters_still_makes_a_slug(alice: User) -> None:
    assert create_team(name="光 🔥", owner=alice).slug == "team"


def test_emails_are_case_insensitive(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("ALICE@Example.com", PASSWORD)


@pytest.mark.parametrize("role", Role.values)
def test_each_role_has_exactly_its_rights(role: str) -> None:
    expected = {
        "owner": set(Right),
        "admin": set(Right) - {Right.OWN_TEAM},
        "creator": {Right.VIEW, Right.GENERATE, Right.REVIEW},
        "reviewer": {Right.VIEW, Right.REVIEW},
        "billing": {Right.VIEW, Right.MANAGE_CREDITS},
    }
    assert RIGHTS[role] == expected[role]


def test_members_access_their_team_with_the_rights_of_their_role(team: Team, bob: User, rita: User) -> None:
    assert access_team(bob, team.slug, Right.GENERATE).user == bob
    assert access_team(rita, team.slug).team == team
    with pytest.raises(ForbiddenError, match="Your role in Lighthouse is Reviewer"):
        access_team(rita, team.slug, Right.GENERATE)


def test_outsiders_do_not_find_the_team(team: Team, charlie: User) -> None:
    for user, slug in ((charlie, team.slug), (AnonymousUser(), team.slug), (charlie, "nowhere")):
        with pytest.raises(NotFoundError, match="Not found"):
            access_team(user, slug)


def test_a_user_has_one_membership_per_team(team: Team, bob: User) -> None:
    with pytest.raises(IntegrityError):
        add_member(team=team, user=bob, role=Role.ADMIN)


class TestSigningUp:
    def sign_up(self, client: Client, email: str) -> int:
        form = {"email": email, "password1": PASSWORD}
        return client.post("/account/signup/", form).status_code

    def test_it_creates_a_personal_team_and_asks_to_verify_the_email(self, client: Client, db: None) -> None:
        assert self.sign_up(client, "dana@example.com") == 302
        user = User.objects.get(email="dana@example.com")
        membership = Membership.objects.get(user=user)
        assert (membership.role, membership.team.name) == (Role.OWNER, "dana's studio")
        (emailed,) = mail.outbox
        assert emailed.to == ["dana@example.com"]

    def test_the_link_in_the_email_verifies_it(self, client: Client, db: None) -> None:
        self.sign_up(client, "dana@example.com")
        assert "_auth_user_id" not in client.session
        link = re.search(r"https?://\S+(/account/confirm-email/\S+)", str(mail.outbox[0].body))
        assert link is not None
        client.post(link[1].rstrip("."))
        login = client.post("/account/login/", {"login": "dana@example.com", "password": PASSWORD})
        assert (login.status_code, "_auth_user_id" in client.session) == (302, True)

    def test_a_known_email_gets_the_same_response(self, client: Client, alice: User) -> None:
        assert self.sign_up(client, alice.email) == self.sign_up(Client(), "new@example.com")
        assert User.objects.filter(email=alice.email).count() == 1


def test_wrong_passwords_are_rate_limited(client: Client, alice: User) -> None:
    form = {"login": alice.email, "password": "wrong"}
    answers = [client.post("/account/login/", form) for _ in range(12)]
    assert any("Too many" in answer.content.decode() or answer.status_code == 429 for answer in answers)
    right = client.post("/account/login/", {**form, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert right.status_code in (200, 429)
