import pytest

from generations.accounts.models import Team


@pytest.fixture
def gallery(team: Team) -> str:
    return f"/t/{team.slug}/gallery/"
