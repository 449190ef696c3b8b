"""Each page of a team makes as many queries for 1,000 members as for 10. New routes of `routes.py` are included."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from pytest_django import DjangoDbBlocker

from generations.accounts.roles import RIGHTS, Role
from generations.accounts.teams import add_member, create_team
from generations.credits.grants import grant_credits
from generations.credits.models import OfferedModel, PriceRow
from generations.credits.prices import seed_price_list
from generations.web.decorators import LAST_TEAM
from tests.conftest import make_user

from .routes import TEAM_ROUTES, rolled_back
from .team_data import TeamData, create_team_data, fill_team, team_urls
from .test_roles import REQUIRED_RIGHTS

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 1_000


@pytest.fixture(scope="module", autouse=True)
def _own_media_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One media folder for all tests of this file."""
    options = {"location": tmp_path_factory.mktemp("media"), "base_url": None}
    backend = {**settings.STORAGES["default"], "OPTIONS": options}
    with override_settings(STORAGES={**settings.STORAGES, "default": backend}):
        yield


@pytest.fixture(scope="module")
def teams(
    _own_media_folder: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[int, TeamData]]:
    """Both teams, created once for all tests of this file and then rolled back."""
    with django_db_blocker.unblock(), rolled_back():
        if not PriceRow.objects.exists():
            seed_price_list(PriceRow, OfferedModel)
        yield {count: create_large_team(count) for count in (FEW, MANY)}


def create_large_team(count: int) -> TeamData:
    owner = make_user(f"owner-of-{count}")
    team = create_team(name=f"House of {count}", owner=owner)
    creator = add_member(team=team, user=make_user(f"creator-of-{count}"), role=Role.CREATOR).user
    grant_credits(team=team, amount=1000, reason="opening balance", actor=owner)
    ours = create_team_data(team, creator, f"heron-{count}")
    fill_team(ours, count)
    return ours


@pytest.mark.parametrize("name", TEAM_ROUTES)
def test_the_number_of_queries_does_not_depend_on_the_size_of_the_team(name: str, teams: dict[int, TeamData]) -> None:
    for role in (Role.OWNER, Role.CREATOR):
        if REQUIRED_RIGHTS[name] in RIGHTS[role]:
            few, many = (status_and_queries(teams[count], role, name) for count in (FEW, MANY))
            assert many == few, role


def status_and_queries(ours: TeamData, role: Role, name: str) -> tuple[int, int]:
    """The status of the page and its number of queries. The last team is set, as after a first visit."""
    url = team_urls(name, ours)[0]
    client = Client()
    client.force_login(ours.team.memberships.filter(role=role).earliest("pk").user)
    session = client.session
    session[LAST_TEAM] = ours.team.slug
    session.save()
    with rolled_back(), CaptureQueriesContext(connection) as queries:
        response = client.get(url)
        if response.streaming:
            b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return response.status_code, len(queries)
