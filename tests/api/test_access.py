from collections.abc import Callable

import pytest

from generations.accounts.api_keys import Caller, create_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope
from generations.api.management.access import visible_generation, visible_generations
from generations.common.ids import uuid7
from generations.credits.grants import grant_credits
from generations.jobs.models import Generation, State
from tests.library.factories import make_generation

Member = Callable[[User, Team], Membership]


@pytest.mark.parametrize("is_service", [False, True])
@pytest.mark.parametrize("scopes", [[Scope.GENERATE], [Scope.READ], [Scope.GENERATE, Scope.READ], [Scope.MANAGE]])
def test_one_alone_is_there_exactly_when_it_is_in_the_list(
    scopes: list[Scope],
    is_service: bool,
    funded: Team,
    other_team: Team,
    alice: User,
    bob: User,
    charlie: User,
    member: Member,
) -> None:
    grant_credits(team=other_team, amount=1000, reason="opening balance")
    key = create_key(membership=member(alice, funded), name="key", scopes=scopes, is_service=is_service).key
    caller = Caller(key, member(alice, funded))
    for team, user in ((funded, alice), (funded, bob), (other_team, charlie)):
        for state in (State.QUEUED, State.FAILED, State.COMPLETED):
            make_generation(team, user, state)
    Generation.objects.filter(pk=make_generation(funded, alice).pk).update(api_key=key)
    listed = set(visible_generations(caller).values_list("pk", flat=True))
    alone = {pk for pk in Generation.objects.values_list("pk", flat=True) if visible_generation(caller, pk)}
    assert alone == listed
    assert visible_generation(caller, uuid7()) is None
