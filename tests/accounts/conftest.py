from datetime import timedelta

import pytest

from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from tests.conftest import make_user

WEEK = timedelta(days=7)


@pytest.fixture
def owner(team: Team, alice: User) -> Membership:
    return Membership.objects.select_related("team", "user").get(team=team, user=alice)


@pytest.fixture
def admin(team: Team) -> Membership:
    return add_member(team=team, user=make_user("ada"), role=Role.ADMIN)


@pytest.fixture
def creator(team: Team, bob: User) -> Membership:
    return Membership.objects.select_related("team", "user").get(team=team, user=bob)
