"""The users of the tests: alice owns the team, bob is a creator, rita a reviewer, charlie an outsider."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member, create_team
from generations.credits.grants import grant_credits
from generations.credits.models import OfferedModel, PriceRow
from generations.credits.prices import seed_price_list

# The time that Hypothesis needs to generate examples depends on the machine, not on the product.
hypothesis_settings.register_profile("dailies", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("dailies")

pytest_plugins = ["tests.services"]

PASSWORD = "correct-horse-battery"


def make_user(name: str) -> User:
    return User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title())


@pytest.fixture(autouse=True)
def _own_media_folder(settings: Settings, tmp_path: Path) -> None:
    """Give each test its own media folder."""
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "media", "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


@pytest.fixture
def price_list(db: None) -> None:
    """The price list of a new installation. Tests with real transactions truncate all tables when they end."""
    if not PriceRow.objects.exists():
        seed_price_list(PriceRow, OfferedModel)


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def team(alice: User, price_list: None) -> Team:
    return create_team(name="Lighthouse", owner=alice)


@pytest.fixture
def bob(team: Team) -> User:
    return add_member(team=team, user=make_user("bob"), role=Role.CREATOR).user


@pytest.fixture
def rita(team: Team) -> User:
    return add_member(team=team, user=make_user("rita"), role=Role.REVIEWER).user


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")


@pytest.fixture
def other_team(charlie: User) -> Team:
    return create_team(name="Harbour", owner=charlie)


@pytest.fixture
def funded(team: Team, alice: User) -> Team:
    """The team with 1,000 credits."""
    grant_credits(team=team, amount=1000, reason="opening balance", actor=alice)
    return team


@pytest.fixture
def member() -> Callable[[User, Team], Membership]:
    """Look up the membership of a user in a team, with both loaded."""
    return lambda user, team: Membership.objects.select_related("team", "user").get(user=user, team=team)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A signed-in browser without JavaScript."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
