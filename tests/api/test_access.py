from collections.abc import Callable

import pytest

from generations.accounts.api_keys import Caller, create_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope
from generations.common.errors import NotFoundError
from generations.common.ids import uuid7
from generations.credits.grants import grant_credits
from generations.jobs.models import Generation, State
from generations.jobs.queries import access_generation
from tests.library.factories import make_generation

Member = Callable[[User, Team], Membership]


@pytest.mark.parametrize("is_service", [False, True])
@pytest.mark.parametrize("scopes", [[Scope.GENERATE], [Scope.READ], [Scope.GENERATE, Scope.READ], [Scope.MANAGE]])
def test_a_key_sees_what_its_scopes_and_its_user_allow(
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
    ours = Generation.objects.filter(team=funded)
    own = ours.filter(api_key=key) if is_service else ours.filter(author=alice)
    if Scope.MANAGE in scopes:
        expected = set(ours)
    else:
        expected = set(own) | (set(ours.filter(state=State.COMPLETED)) if Scope.READ in scopes else set())
    assert set(Generation.objects.visible_to(caller)) == expected
    for generation in Generation.objects.all():
        if generation in expected:
            assert access_generation(caller, generation.pk) == generation
        else:
            with pytest.raises(NotFoundError):
                access_generation(caller, generation.pk)
    with pytest.raises(NotFoundError):
        access_generation(caller, uuid7())
