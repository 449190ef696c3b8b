"""Export the data of an account, and delete the account."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generations.accounts.api_keys import create_key, key_by_secret
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.accounts.teams import add_member
from generations.credits.models import Hold, LedgerEntry, Wallet
from generations.events.models import Event
from generations.jobs.models import Generation, State
from generations.jobs.team_deletion import purge_deleted_teams
from tests.conftest import PASSWORD
from tests.library.factories import make_generation
from tests.web.pages import links, words

pytestmark = pytest.mark.usefixtures("own_cache")


def read(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(response.streaming_content))
    return found


class TestExport:
    def test_export_requires_the_password_and_then_continues(self, client: Client, verified: User) -> None:
        client.post("/account/login/", {"login": verified.email, "password": PASSWORD})
        asked = client.post("/account/data/export")
        assert asked["Location"].startswith("/account/reauthenticate/")
        response = client.post(asked["Location"], {"password": PASSWORD})
        assert read(response)["account"]["profile"]["email"] == verified.email

    def test_export_contains_the_user(
        self, proven: Callable[[User], Client], verified: User, team: Team, member: Callable[..., Membership]
    ) -> None:
        made = create_key(membership=member(verified, team), name="Farm", scopes=[Scope.READ])
        response = proven(verified).post("/account/data/export")
        assert response["Content-Type"] == "application/json"
        assert response["Content-Disposition"].startswith('attachment; filename="dailies-account-')
        assert "no-store" in response["Cache-Control"]
        text = b"".join(response.streaming_content).decode()
        account = json.loads(text)["account"]
        assert account["profile"]["name"] == "Bob"
        assert account["addresses"] == [{"email": verified.email, "verified": True, "primary": True}]
        assert [(row["slug"], row["role"], row["until"]) for row in account["memberships"]] == [
            (team.slug, "creator", None)
        ]
        assert account["sessions"][0]["address"] == "127.0.0.1"
        assert [(key["name"], key["scopes"]) for key in account["keys"]] == [("Farm", ["read"])]
        assert made.secret not in text
        assert made.secret.startswith(account["keys"][0]["begins_with"][0])
        assert verified.password not in text

    def test_export_contains_jobs_with_working_links(
        self, proven: Callable[[User], Client], verified: User, alice: User, funded: Team
    ) -> None:
        take = make_generation(funded, verified, prompt="The heron “lands”.")
        waiting = make_generation(funded, verified, State.QUEUED)
        make_generation(funded, alice, prompt="Not Bob's.")
        client = proven(verified)
        document = read(client.post("/account/data/export"))
        first, second = document["generations"]
        assert (first["id"], first["prompt"], first["team"]) == (str(take.pk), "The heron “lands”.", funded.slug)
        assert (first["model"], first["price"]) == (take.model, take.price)
        assert client.get(first["page"].removeprefix("http://localhost:8000")).status_code == 200
        assert (second["id"], second["state"]) == (str(waiting.pk), "queued")
        assert "page" not in second
        caused = LedgerEntry.objects.filter(hold__user=verified)
        assert {row["id"] for row in document["ledger_entries"]} == {entry.pk for entry in caused}
        assert {row["generation"] for row in document["ledger_entries"]} == {str(take.pk), str(waiting.pk)}

    def test_empty_export_is_valid(self, proven: Callable[[User], Client], verified: User) -> None:
        document = read(proven(verified).post("/account/data/export"))
        assert (document["generations"], document["ledger_entries"]) == ([], [])

    def test_query_count_does_not_depend_on_the_size(
        self, proven: Callable[[User], Client], verified: User, funded: Team
    ) -> None:
        client = proven(verified)

        def export() -> tuple[int, int]:
            with CaptureQueriesContext(connection) as queries:
                found = read(client.post("/account/data/export"))
            return len(found["generations"]), len(queries)

        make_generation(funded, verified)
        few, cost = export()
        for _ in range(4):
            make_generation(funded, verified)
        assert (few, export()) == (1, (5, cost))

    def test_export_is_rate_limited(self, proven: Callable[[User], Client], verified: User) -> None:
        client = proven(verified)
        statuses = [client.post("/account/data/export").status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]


class TestDeletion:
    def delete(self, client: Client, user: User) -> Any:
        return client.post("/account/delete/", {"confirmation": user.email}, follow=True)

    def test_deletion_requires_the_password(self, client: Client, verified: User) -> None:
        client.post("/account/login/", {"login": verified.email, "password": PASSWORD})
        for response in (
            client.get("/account/delete/"),
            client.post("/account/delete/", {"confirmation": verified.email}),
        ):
            assert response["Location"].startswith("/account/reauthenticate/")
        verified.refresh_from_db()
        assert verified.is_active

    @pytest.mark.parametrize("typed", ["", "alice@example.com", "yes"])
    def test_deletion_requires_the_email_address(
        self, typed: str, proven: Callable[[User], Client], verified: User
    ) -> None:
        page = proven(verified).post("/account/delete/", {"confirmation": typed})
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.content.decode()
        verified.refresh_from_db()
        assert verified.is_active

    def test_page_shows_what_is_deleted_and_what_is_kept(
        self, proven: Callable[[User], Client], verified: User
    ) -> None:
        page = words(proven(verified).get("/account/delete/"))
        assert "Deleted immediately and permanently" in page
        assert "What is kept" in page

    def test_user_is_anonymized(self, proven: Callable[[User], Client], verified: User, team: Team) -> None:
        client, elsewhere = proven(verified), proven(verified)
        Authenticator.objects.create(user=verified, type="totp", data={"secret": "x"})
        SocialAccount.objects.create(user=verified, provider="sso", uid="1")
        page = self.delete(client, verified)
        assert "Your account was deleted." in words(page)
        gone = User.objects.get(pk=verified.pk)
        assert gone.email.startswith("deleted-")
        assert gone.email.endswith("@invalid")
        assert (gone.name, gone.is_active, gone.has_usable_password()) == ("Deleted account", False, False)
        for rows in (EmailAddress, Authenticator, SocialAccount, UserSession):
            assert not rows.objects.filter(user=gone).exists()
        assert Membership.objects.get(user=gone, team=team).deactivated_at is not None
        assert [browser.get("/account/").status_code for browser in (client, elsewhere)] == [302, 302]

    def test_deleted_account_cannot_sign_in(
        self, client: Client, proven: Callable[[User], Client], verified: User, mailoutbox: list[Any]
    ) -> None:
        address = verified.email
        self.delete(proven(verified), verified)
        page = client.post("/account/login/", {"login": address, "password": PASSWORD})
        assert "not correct" in words(page)
        client.post("/account/password/reset/", {"email": address})
        assert mailoutbox[-1].subject == "Password reset: no account found"

    def test_address_can_be_used_again(self, client: Client, proven: Callable[[User], Client], verified: User) -> None:
        address = verified.email
        self.delete(proven(verified), verified)
        client.post("/account/signup/", {"email": address, "password1": PASSWORD})
        assert User.objects.filter(email=address).exclude(pk=verified.pk).exists()

    def test_queued_jobs_are_canceled_and_takes_stay(
        self, proven: Callable[[User], Client], verified: User, alice: User, funded: Team, client_of: Callable[..., Any]
    ) -> None:
        take = make_generation(funded, verified)
        waiting = make_generation(funded, verified, State.QUEUED)
        rendering = make_generation(funded, verified, State.PROCESSING)
        held = Wallet.objects.get(team=funded).held
        self.delete(proven(verified), verified)
        states = dict(Generation.objects.values_list("pk", "state"))
        assert states == {take.pk: "completed", waiting.pk: "canceled", rendering.pk: "processing"}
        assert Hold.objects.get(generation=waiting).state == "released"
        assert Wallet.objects.get(team=funded).held == held - waiting.price
        page = client_of(alice).get(f"/t/{funded.slug}/takes/{take.pk}/")
        assert "Deleted account" in words(page)
        assert "bob@example.com" not in page.content.decode()

    def test_personal_keys_are_revoked_and_service_keys_stay(
        self, proven: Callable[[User], Client], verified: User, team: Team, member: Callable[..., Membership]
    ) -> None:
        Membership.objects.filter(user=verified).update(role=Role.ADMIN)
        membership = member(verified, team)
        personal = create_key(membership=membership, name="Mine", scopes=[Scope.READ])
        service = create_key(membership=membership, name="Farm", scopes=[Scope.READ], is_service=True)
        self.delete(proven(verified), verified)
        assert key_by_secret(personal.secret) is None
        assert key_by_secret(service.secret) is not None

    def test_last_owner_of_a_team_cannot_be_deleted(
        self, proven: Callable[[User], Client], verified: User, alice: User, funded: Team, rita: User
    ) -> None:
        team = funded
        EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
        client = proven(alice)
        page = client.get("/account/delete/")
        assert "You are the only owner" in words(page)
        assert f"/t/{team.slug}/" in links(page)
        assert 'name="confirmation"' not in page.content.decode()
        waiting = make_generation(team, alice, State.QUEUED)
        response = client.post("/account/delete/", {"confirmation": alice.email})
        assert response.status_code == 409
        assert "You're the only owner of Lighthouse" in words(response)
        waiting.refresh_from_db()
        assert waiting.state == "queued"
        Membership.objects.filter(user=rita, team=team).update(role=Role.OWNER)
        assert "Your account was deleted." in words(self.delete(client, alice))

    def test_owner_without_other_members_can_be_deleted(
        self, proven: Callable[[User], Client], charlie: User, other_team: Team, verified: User
    ) -> None:
        EmailAddress.objects.create(user=charlie, email=charlie.email, verified=True, primary=True)
        left = add_member(team=other_team, user=verified, role=Role.CREATOR)
        Membership.objects.filter(pk=left.pk).update(deactivated_at=timezone.now())
        client = proven(charlie)
        page = client.get("/account/delete/")
        assert "You are the only member of this team." in words(page)
        assert f"/t/{other_team.slug}/" in links(page)
        assert "Your account was deleted." in words(self.delete(client, charlie))

    def test_team_without_other_members_is_deleted_with_the_account(
        self, proven: Callable[[User], Client], charlie: User, other_team: Team, team: Team, verified: User
    ) -> None:
        EmailAddress.objects.create(user=charlie, email=charlie.email, verified=True, primary=True)
        add_member(team=team, user=charlie, role=Role.CREATOR)
        self.delete(proven(charlie), charlie)
        other_team.refresh_from_db()
        team.refresh_from_db()
        assert other_team.ends_at is not None
        assert other_team.ends_at > timezone.now() + settings.TEAM_GRACE - timedelta(minutes=1)
        assert team.ends_at is None
        assert Event.objects.get(kind="team.ending").team == other_team
        Team.objects.filter(pk=other_team.pk).update(ends_at=timezone.now())
        assert purge_deleted_teams() == 1
        assert not Team.objects.filter(pk=other_team.pk).exists()

    def test_user_without_a_password_must_sign_in_again(self, client_of: Callable[[User], Client], bob: User) -> None:
        bob.set_unusable_password()
        bob.save()
        client = client_of(bob)
        assert client.get("/account/delete/").status_code == 200
        User.objects.filter(pk=bob.pk).update(last_login=timezone.now() - timedelta(minutes=11))
        response = client.post("/account/delete/", {"confirmation": bob.email})
        assert response.status_code == 403
        assert "sign in again within 10 minutes" in words(response)
        bob.refresh_from_db()
        assert bob.is_active
