"""The data of two teams."""

import pytest

from generations.accounts.models import Team, User
from generations.credits.grants import grant_credits

from .team_data import TeamData, create_team_data


@pytest.fixture
def ours(funded: Team, bob: User) -> TeamData:
    return create_team_data(funded, bob, "heron")


@pytest.fixture
def theirs(other_team: Team, charlie: User) -> TeamData:
    grant_credits(team=other_team, amount=1000, reason="opening balance", actor=charlie)
    return create_team_data(other_team, charlie, "gull")
