"""No page of a team asks the database more often for a thousand people than for ten.

The pages are those of the wall's own list, so that a new one joins by itself.
"""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from pytest_django import DjangoDbBlocker

from generations.accounts.roles import RIGHTS, Role
from generations.accounts.teams import add_member, create_team
from generations.credits.defaults import seed_price_list
from generations.credits.grants import grant_credits
from generations.credits.models import OfferedModel, PriceRow
from generations.web.teams import LAST_TEAM
from tests.conftest import make_user

from .crowd import crowd
from .test_roles import NEEDS, undone
from .test_walls import OF_A_TEAM, Property, addresses, give

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 1_000


@pytest.fixture(scope="module", autouse=True)
def _media_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One media folder for all tests of this file."""
    options = {"location": tmp_path_factory.mktemp("media"), "base_url": None}
    backend = {**settings.STORAGES["default"], "OPTIONS": options}
    with override_settings(STORAGES={**settings.STORAGES, "default": backend}):
        yield


@pytest.fixture(scope="module")
def teams(
    _media_here: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[int, Property]]:
    """Both teams, made once for all tests of this file and then undone."""
    with django_db_blocker.unblock(), undone():
        if not PriceRow.objects.exists():
            seed_price_list(PriceRow, OfferedModel)
        yield {count: team_of(count) for count in (FEW, MANY)}


def team_of(count: int) -> Property:
    owner = make_user(f"owner-of-{count}")
    team = create_team(name=f"House of {count}", owner=owner)
    creator = add_member(team=team, user=make_user(f"creator-of-{count}"), role=Role.CREATOR).user
    grant_credits(team=team, amount=1000, reason="opening balance", actor=owner)
    ours = give(team, creator, f"heron-{count}")
    crowd(ours, count)
    return ours


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_a_page_asks_as_often_for_many_as_for_few(name: str, teams: dict[int, Property]) -> None:
    for role in (Role.OWNER, Role.CREATOR):
        if NEEDS[name] in RIGHTS[role]:
            few, many = (asked(teams[count], role, name) for count in (FEW, MANY))
            assert many == few, role


def asked(ours: Property, role: Role, name: str) -> tuple[int, int]:
    """The status of the page, and how many queries it made. The first visit of a browser also notes the team."""
    address = addresses(name, ours)[0]
    client = Client()
    client.force_login(ours.team.memberships.filter(role=role).earliest("pk").user)
    session = client.session
    session[LAST_TEAM] = ours.team.slug
    session.save()
    with undone(), CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        if answer.streaming:
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return answer.status_code, len(queries)
