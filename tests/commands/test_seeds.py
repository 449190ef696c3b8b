"""`manage.py seed_demo` and `manage.py seed_gallery`."""

from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from generations.accounts.models import Team, User
from generations.credits.models import LedgerEntry
from generations.credits.wallets import wallet_of
from generations.jobs.reconciliation import audit_books
from generations.library.models import Take
from generations.management.commands.seed_demo import PASSWORD
from generations.media.models import Asset
from generations.media.storages import media_storage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media_folder(settings: Settings, tmp_path: Path) -> None:
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


def row_counts() -> list[int]:
    return [model.objects.count() for model in (User, Team, LedgerEntry, EmailAddress)]


def test_the_demo_team_is_created_once(client: Client) -> None:
    call_command("seed_demo")
    before = row_counts()
    call_command("seed_demo")
    assert row_counts() == before
    team = Team.objects.get(slug="demo")
    roles = {membership.user.email: membership.role for membership in team.memberships.select_related("user")}
    assert roles == {
        "owner@example.com": "owner",
        "creator@example.com": "creator",
        "reviewer@example.com": "reviewer",
    }
    assert wallet_of(team).posted == 1000


@pytest.mark.parametrize("name", ["owner", "creator", "reviewer"])
def test_the_demo_users_can_sign_in(name: str, client: Client) -> None:
    call_command("seed_demo")
    client.post("/account/login/", {"login": f"{name}@example.com", "password": PASSWORD})
    assert User.objects.get(pk=client.session["_auth_user_id"]).email == f"{name}@example.com"
    assert client.get("/admin/").status_code == (200 if name == "owner" else 302)


def test_spent_demo_credits_are_not_granted_again(client: Client) -> None:
    call_command("seed_demo")
    wallet = wallet_of(Team.objects.get(slug="demo"))
    LedgerEntry.objects.create(
        wallet=wallet, kind="correction", posted_change=-1000, posted_after=0, held_after=0, reason="spent"
    )
    wallet.posted = 0
    wallet.save()
    call_command("seed_demo")
    wallet.refresh_from_db()
    assert wallet.posted == 0


def test_demo_accounts_need_local_settings(settings: Settings) -> None:
    settings.IS_DEMO = False
    with pytest.raises(CommandError, match="local settings only"):
        call_command("seed_demo")
    assert row_counts() == [0, 0, 0, 0]


def test_a_demo_team_of_another_owner_is_not_changed(team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(slug="demo")
    with pytest.raises(CommandError, match="does not own it"):
        call_command("seed_demo")
    assert team.memberships.count() == 1


def test_a_seeded_gallery_has_real_takes_and_balanced_books(bob: User, funded: Team) -> None:
    call_command("seed_gallery", team=funded.slug, count=40)
    takes = Take.objects.of_team(funded).with_media()
    assert takes.count() == 40
    assert {take.video.kind for take in takes} == {"video"}
    assert len({(take.shot_id, take.number) for take in takes}) == 40
    assert all(take.generation.state == "completed" for take in takes.select_related("generation"))
    assert len({take.created_at for take in takes}) == 40
    assert all(take.video.width > take.video.height for take in takes if take.resolution == "1280x720")
    assert all(media_storage().exists(asset.name) for asset in Asset.objects.all())
    assert list(audit_books()) == []
    assert wallet_of(funded).posted == 1000


def test_a_gallery_can_be_seeded_again(bob: User, funded: Team) -> None:
    for _ in range(2):
        call_command("seed_gallery", team=funded.slug, count=5)
    assert Take.objects.count() == 10
    assert list(audit_books()) == []


@pytest.mark.parametrize(("slug", "count"), [("nowhere", 5), ("lighthouse", 0), ("lighthouse", -1)])
def test_a_bad_order_is_explained(slug: str, count: int, team: Team) -> None:
    with pytest.raises(CommandError):
        call_command("seed_gallery", team=slug, count=count)
    assert not Take.objects.exists()


def test_the_takes_are_those_of_people_who_may_make_them(bob: User, rita: User, alice: User, funded: Team) -> None:
    call_command("seed_gallery", team=funded.slug, count=30)
    assert set(Take.objects.values_list("author__email", flat=True)) == {alice.email, bob.email}
