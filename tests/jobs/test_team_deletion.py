"""A team is deleted completely, and nothing of other teams is deleted."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.utils import timezone

from generations.accounts.api_keys import create_key
from generations.accounts.invitations import invite
from generations.accounts.models import Team
from generations.accounts.roles import Role, Scope
from generations.accounts.team_deletion import schedule_team_deletion
from generations.credits.grants import grant_credits
from generations.credits.models import LedgerEntry, Quota
from generations.credits.reconciliation import CHECKS, run_checks
from generations.events.models import Event
from generations.events.notifications import notify
from generations.jobs.models import Generation, State
from generations.jobs.team_deletion import purge_deleted_teams, rows_of_a_team
from generations.media.models import Asset
from generations.media.storages import media_storage
from tests.library.factories import make_generation


@pytest.fixture
def ended(funded, alice, bob, member) -> Team:
    """A team with a row of every kind, whose grace period is over."""
    take = make_generation(funded, bob)
    make_generation(funded, bob, State.FAILED, retry_of=take)
    Quota.objects.create(team=funded, membership=member(bob, funded), cap=500)
    create_key(membership=member(bob, funded), name="farm", scopes=[Scope.READ])
    invite(inviter=member(alice, funded), role=Role.CREATOR, lifetime=timedelta(days=7))
    notify(user_ids=[bob.pk], kind="x", text="Look.", team_id=funded.pk)
    store_bytes(funded)
    schedule_team_deletion(actor=member(alice, funded), typed_name=funded.name)
    Team.objects.filter(pk=funded.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    return funded


@pytest.fixture
def neighbour(other_team, charlie) -> Team:
    grant_credits(team=other_team, amount=1000, reason="opening balance", actor=charlie)
    make_generation(other_team, charlie)
    make_generation(other_team, charlie, State.QUEUED)
    store_bytes(other_team)
    return other_team


def store_bytes(team: Team) -> None:
    for asset in Asset.objects.filter(team=team):
        media_storage().save(asset.name, ContentFile(b"bytes"))


def rows_left(team: Team) -> dict[str, int]:
    counts = {
        model.__name__: sum(model._base_manager.filter(**{way: team.pk}).count() for way in ways)
        for model, ways in rows_of_a_team()
    }
    return {name: count for name, count in counts.items() if count}


def test_every_row_goes_and_the_neighbour_keeps_all(ended, neighbour):
    before = rows_left(neighbour)
    assert {"Generation", "LedgerEntry", "Hold", "Event", "Asset", "ApiKeySecret", "Quota"} <= rows_left(ended).keys()
    assert purge_deleted_teams() == 1
    assert rows_left(ended) == {}
    assert not Team.objects.filter(pk=ended.pk).exists()
    assert rows_left(neighbour) == before


def test_the_books_of_the_others_close(ended, neighbour):
    purge_deleted_teams()
    assert [str(finding) for finding in run_checks(CHECKS)] == []
    assert LedgerEntry.objects.filter(wallet__team=neighbour).count() == 4


def test_its_bytes_go_and_no_others(ended, neighbour):
    own = list(Asset.objects.filter(team=ended).values_list("name", flat=True))
    others = list(Asset.objects.filter(team=neighbour).values_list("name", flat=True))
    shared = others[0]
    Asset.objects.filter(name=own[0]).update(name=shared)
    purge_deleted_teams()
    assert [name for name in own[1:] if media_storage().exists(name)] == []
    assert [name for name in others if not media_storage().exists(name)] == []


def test_the_site_remembers_which_team_went(ended):
    purge_deleted_teams()
    act = Event.objects.get(kind="team.purged")
    assert (act.team, act.data["slug"], act.is_audit) == (None, ended.slug, True)


def test_people_stay(ended, bob):
    purge_deleted_teams()
    bob.refresh_from_db()
    assert bob.is_active
    assert not bob.memberships.exists()


def test_within_the_grace_nothing_goes(funded, alice, member):
    schedule_team_deletion(actor=member(alice, funded), typed_name=funded.name)
    assert purge_deleted_teams() == 0
    assert Team.objects.filter(pk=funded.pk).exists()


def test_what_waits_is_canceled_and_what_is_at_the_provider_is_awaited(ended, bob):
    make_generation(ended, bob, State.QUEUED)
    sent = make_generation(ended, bob, State.PROCESSING)
    assert purge_deleted_teams() == 0
    assert set(Generation.objects.in_flight()) == {sent}
    assert [str(finding) for finding in run_checks(CHECKS)] == []


def test_rows_may_still_not_be_deleted_by_anybody_else(ended, neighbour):
    purge_deleted_teams()
    with pytest.raises(Exception, match="append_only"):
        Event.objects.all()._raw_delete("default")


@pytest.mark.parametrize("name", ["User", "PriceRow", "OfferedModel", "ProviderThrottle", "Alert", "Team"])
def test_what_is_of_the_site_is_no_team_s(name):
    owned = {model for model, _ in rows_of_a_team()}
    assert apps.get_model("generations", name) not in owned


def test_everything_else_is(db):
    site = {"User", "PriceRow", "OfferedModel", "ProviderThrottle", "Alert", "Team", "WebhookCursor"}
    known = {model.__name__ for model in apps.get_app_config("generations").get_models()}
    assert {model.__name__ for model, _ in rows_of_a_team()} == known - site
