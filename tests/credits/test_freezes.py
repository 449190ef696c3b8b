import pytest

from generations.credits.freezes import BadFreezeError, freeze, freezes_of, unfreeze
from generations.events.models import Event


def reasons(team) -> list[str]:
    return [found.reason for found in freezes_of(team)]


def test_a_team_is_paused_by_its_own_freeze_and_by_that_of_all_teams(team, other_team, alice):
    freeze(team=team, reason="An unpaid bill.", actor=alice)
    freeze(team=None, reason="The provider is down.", actor=alice)
    assert reasons(team) == ["An unpaid bill.", "The provider is down."]
    assert reasons(other_team) == ["The provider is down."]


def test_a_freeze_ends_once_and_stays_stored(team, alice):
    made = freeze(team=team, reason="An unpaid bill.", actor=alice)
    assert unfreeze(freeze_id=made.pk, actor=alice)
    assert not unfreeze(freeze_id=made.pk, actor=alice)
    assert reasons(team) == []
    kinds = Event.objects.filter(kind__startswith="credits.").order_by("id").values_list("kind", "actor__email")
    assert list(kinds) == [("credits.frozen", alice.email), ("credits.unfrozen", alice.email)]


@pytest.mark.parametrize("everybody", [True, False])
def test_it_is_frozen_once(team, alice, everybody):
    target = None if everybody else team
    freeze(team=target, reason="Once.", actor=alice)
    with pytest.raises(BadFreezeError, match="Already"):
        freeze(team=target, reason="Twice.", actor=alice)
    assert reasons(team) == ["Once."]


def test_a_freeze_needs_a_reason(team, alice):
    with pytest.raises(BadFreezeError, match="Enter a reason"):
        freeze(team=team, reason=" ", actor=alice)
